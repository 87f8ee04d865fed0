//! Loupes, made by a worker that no artist's job needs.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use assets_pipeline::{encode::Effort, settings::Settings};
use metrics::histogram;

use crate::{
    background::Task,
    db::{
        DbError,
        loupes::{Leased, Renewed},
    },
    domain::{loupe::State, polish::Hindrance},
    ingest::{
        Failure,
        loupe::{Place, adopt, make_loupe, place},
        tracker::Tracker,
    },
    signals::Topic,
};

use super::Worker;

/// How often it is asked whether the machine is needed for something else. A new job is a signal, and is seen at once.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// Why making one is interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// Something else goes first; it goes on later.
    GivesWay,
    /// Its version was retired or taken down.
    Overtaken,
    /// Another worker has it.
    Lost,
}

/// Why an attempt came to nothing.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Ingest(#[from] Failure),
    #[error("the frames could not be laid out")]
    Layout(#[source] io::Error),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl Worker {
    /// Makes the loupe that waits for it, while nothing else is to do. Answers whether there was one.
    pub(super) async fn has_made_loupe(&self, task: &mut Task) -> bool {
        // A large future, which would be part of every caller's.
        Box::pin(self.loupe(task)).await.unwrap_or_else(|error| {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, "making a loupe failed at the database");
            false
        })
    }

    async fn loupe(&self, task: &mut Task) -> Result<bool, DbError> {
        if !self.loupes.bounds.is_enabled
            || !self.db.is_loupe_due().await?
            || self.loupe_hindrance().await?.is_some()
        {
            return Ok(false);
        }
        let Some(leased) = self.db.claim_loupe(self.lease.as_millis() as i64).await? else {
            return Ok(false);
        };
        let Leased { configuration, version, .. } = &leased;
        tracing::info!(%configuration, version, "a loupe is made");
        let (began, tracker) = (Instant::now(), Arc::new(Tracker::default()));
        let made = self.make_its_loupe(&leased, &tracker);
        tokio::pin!(made);
        let stop = tokio::select! {
            made = &mut made => Err(made),
            stop = self.keep_loupe(&leased, &tracker) => Ok(stop),
            () = task.stopping() => Ok(Stop::GivesWay),
        };
        let (stop, made) = match stop {
            Err(made) => (None, made),
            Ok(stop) => {
                tracker.stop();
                (Some(stop), self.until_loupe_ended(&leased, &tracker, made).await)
            }
        };
        // The last of it, also where the loupe is shown already.
        self.db.renew_loupe(&leased, tracker.take_cpu_ms()).await?;
        let outcome = self.end_with_loupe(&leased, stop, made).await?;
        let cpu = tracker.cpu_time();
        tracing::info!(%configuration, version, outcome, cpu_ms = cpu.as_millis(), "the loupe is done, or rests");
        histogram!("girasol_loupe_duration_seconds", "outcome" => outcome)
            .record(began.elapsed().as_secs_f64());
        histogram!("girasol_loupe_cpu_seconds", "outcome" => outcome).record(cpu.as_secs_f64());
        for dropped in [
            self.staging.drop_copies(&leased.frameset).await,
            self.staging.drop_leftovers(&leased.frameset).await,
        ] {
            if let Err(error) = dropped {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, %configuration, "copies of raw frames stay for some hours");
            }
        }
        Ok(true)
    }

    /// Why no loupe may be made now.
    async fn loupe_hindrance(&self) -> Result<Option<Hindrance>, DbError> {
        let now_ms = self.db.now_ms();
        let launch_is_on =
            self.launches.all().await.iter().any(|launch| launch.rests_until_ms(now_ms).is_some());
        Ok(self.loupes.bounds.hindrance(self.db.loupe_situation().await?, launch_is_on))
    }

    /// Keeps the lease until the work has to be interrupted.
    async fn keep_loupe(&self, leased: &Leased, tracker: &Tracker) -> Stop {
        let mut signals = self.db.signals().listen(&[Topic::Jobs, Topic::Pointers]);
        let mut last_renewed = Instant::now();
        loop {
            signals.wait(ASK_EVERY.min(self.lease / 3)).await;
            let asked = async {
                let renewed = self.db.renew_loupe(leased, tracker.take_cpu_ms()).await?;
                Ok::<_, DbError>((renewed, self.loupe_hindrance().await?))
            };
            match asked.await {
                Ok((Renewed::Overtaken, _)) => return Stop::Overtaken,
                Ok((Renewed::Kept, Some(hindrance))) => {
                    let (configuration, to) = (&leased.configuration, hindrance.as_str());
                    tracing::info!(%configuration, to, "a loupe that is made gives way");
                    return Stop::GivesWay;
                }
                Ok((Renewed::Kept, None)) => last_renewed = Instant::now(),
                // While the database cannot be reached, the lease is this worker's until it runs out.
                Err(error) if last_renewed.elapsed() < self.lease => {
                    tracing::warn!(%error, "the lease of a loupe could not be renewed");
                }
                Ok((Renewed::Lost, _)) | Err(_) => return Stop::Lost,
            }
        }
    }

    /// Waits until the last encodes have ended, and keeps the lease meanwhile.
    async fn until_loupe_ended<T>(
        &self,
        leased: &Leased,
        tracker: &Tracker,
        mut made: std::pin::Pin<&mut impl Future<Output = T>>,
    ) -> T {
        loop {
            tokio::select! {
                made = &mut made => return made,
                () = tokio::time::sleep(self.lease / 3) => {}
            }
            // What comes of it is known when it has ended.
            let _ = self.db.renew_loupe(leased, tracker.take_cpu_ms()).await;
        }
    }

    /// Ends it, or returns it to the queue. Answers the word for it.
    async fn end_with_loupe(
        &self,
        leased: &Leased,
        stop: Option<Stop>,
        made: Result<State, Failed>,
    ) -> Result<&'static str, DbError> {
        match (made, stop) {
            // It has ended with the transaction in which it was shown.
            (Ok(State::Ready), _) => Ok(State::Ready.as_str()),
            (_, Some(Stop::Lost)) => Ok("lost"),
            // Its row goes with its version.
            (_, Some(Stop::Overtaken)) => {
                self.db.end_loupe(leased, State::Failed).await?;
                Ok("overtaken")
            }
            (Ok(state), _) => {
                self.db.end_loupe(leased, state).await?;
                Ok(state.as_str())
            }
            (Err(_), Some(Stop::GivesWay)) => {
                self.db.yield_loupe(leased).await?;
                Ok("yielded")
            }
            (Err(failed), None) => {
                let is_final = matches!(&failed, Failed::Ingest(failure) if failure.is_final());
                let error: &(dyn std::error::Error + Send + Sync) = &failed;
                tracing::error!(error, configuration = %leased.configuration, "a loupe could not be made");
                self.db.fail_loupe(leased, is_final).await?;
                Ok(State::Failed.as_str())
            }
        }
    }

    async fn make_its_loupe(&self, leased: &Leased, tracker: &Arc<Tracker>) -> Result<State, Failed> {
        let place: Place = match place(&self.db, &self.store, leased).await? {
            Ok(place) => place,
            Err(outcome) => return Ok(outcome),
        };
        if adopt(&self.db, &self.store, leased, &place).await? {
            return Ok(State::Ready);
        }
        let Some(set) = self.db.frameset(&leased.frameset).await? else { return Ok(State::FramesGone) };
        let frames = self.db.frames(&set.id).await?;
        if frames.is_empty() {
            return Ok(State::FramesGone);
        }
        let turn = match self.staging.lay_out(&set.id, &frames).await {
            Ok(turn) => turn,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(State::FramesGone),
            Err(error) => return Err(Failed::Layout(error)),
        };
        let settings = Settings { effort: Effort::Default, ..set.wanted.settings.over(&self.settings) };
        let order = self.order_of(set, turn.path(), settings);
        Ok(make_loupe(&self.db, &self.store, &self.data, (&order, leased, place), tracker).await?)
    }
}
