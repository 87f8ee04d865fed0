//! Polishing, for a worker that no artist's job needs.

use std::{
    io,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use assets_pipeline::settings::Settings;
use metrics::histogram;

use crate::{
    background::Task,
    db::{
        DbError,
        polishes::{Leased, Renewed},
    },
    domain::{
        audit::Actor,
        frameset::Frameset,
        polish::{Hindrance, State},
    },
    ingest::{Failure, Order, polish::polish, tracker::Tracker},
    signals::Topic,
};

use super::Worker;

/// How often it is asked whether the machine is needed for something else. A new job is a signal, and is seen at once.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// Why a try is interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// Something else goes first; the try goes on later.
    GivesWay,
    /// What it started from is live no more.
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
    /// Polishes the spin that waits for it, while nothing else is to do. Answers whether there was one.
    pub(super) async fn has_polished(&self, task: &mut Task) -> bool {
        // A large future, which would be part of every caller's.
        Box::pin(self.polish(task)).await.unwrap_or_else(|error| {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, "polishing failed at the database");
            false
        })
    }

    async fn polish(&self, task: &mut Task) -> Result<bool, DbError> {
        if !self.polishing.is_enabled || !self.db.is_polish_due().await? || self.hindrance().await?.is_some()
        {
            return Ok(false);
        }
        let Some(leased) = self.db.claim_polish(self.lease.as_millis() as i64).await? else {
            return Ok(false);
        };
        let Leased { configuration, version, .. } = &leased;
        tracing::info!(%configuration, version, "a spin is polished");
        let (began, tracker) = (Instant::now(), Arc::new(Tracker::default()));
        let made = self.make_polished(&leased, &tracker);
        tokio::pin!(made);
        let stop = tokio::select! {
            made = &mut made => Err(made),
            stop = self.keep_polish(&leased, &tracker) => Ok(stop),
            () = task.stopping() => Ok(Stop::GivesWay),
        };
        let (stop, made) = match stop {
            Err(made) => (None, made),
            Ok(stop) => {
                tracker.stop();
                (Some(stop), self.until_ended(&leased, &tracker, made).await)
            }
        };
        // The last of it, also where the try has ended with what it made.
        self.db.renew_polish(&leased, tracker.take_cpu_ms()).await?;
        let outcome = self.end(&leased, stop, made).await?;
        let cpu = tracker.cpu_time();
        tracing::info!(%configuration, version, outcome, cpu_ms = cpu.as_millis(), "polishing ended, or rests");
        histogram!("girasol_polish_duration_seconds", "outcome" => outcome)
            .record(began.elapsed().as_secs_f64());
        histogram!("girasol_polish_cpu_seconds", "outcome" => outcome).record(cpu.as_secs_f64());
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

    /// Why nothing may be polished now.
    async fn hindrance(&self) -> Result<Option<Hindrance>, DbError> {
        let now_ms = self.db.now_ms();
        let launch_is_on =
            self.launches.all().await.iter().any(|launch| launch.rests_until_ms(now_ms).is_some());
        Ok(self.polishing.hindrance(self.db.polish_situation().await?, launch_is_on))
    }

    /// Keeps the lease until the try has to be interrupted.
    async fn keep_polish(&self, leased: &Leased, tracker: &Tracker) -> Stop {
        let mut signals = self.db.signals().listen(&[Topic::Jobs, Topic::Pointers]);
        let mut last_renewed = Instant::now();
        loop {
            signals.wait(ASK_EVERY.min(self.lease / 3)).await;
            let asked = async {
                let renewed = self.db.renew_polish(leased, tracker.take_cpu_ms()).await?;
                Ok::<_, DbError>((renewed, self.hindrance().await?))
            };
            match asked.await {
                Ok((Renewed::Overtaken, _)) => return Stop::Overtaken,
                Ok((Renewed::Kept, Some(hindrance))) => {
                    let (configuration, to) = (&leased.configuration, hindrance.as_str());
                    tracing::info!(%configuration, to, "what is polished gives way");
                    return Stop::GivesWay;
                }
                Ok((Renewed::Kept, None)) => last_renewed = Instant::now(),
                // While the database cannot be reached, the lease is this worker's until it runs out.
                Err(error) if last_renewed.elapsed() < self.lease => {
                    tracing::warn!(%error, "the lease of a spin that is polished could not be renewed");
                }
                Ok((Renewed::Lost, _)) | Err(_) => return Stop::Lost,
            }
        }
    }

    /// Waits until the last encodes have ended, and keeps the lease meanwhile.
    async fn until_ended<T>(
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
            let _ = self.db.renew_polish(leased, tracker.take_cpu_ms()).await;
        }
    }

    /// Ends the try, or returns it to the queue. Answers the word for it.
    async fn end(
        &self,
        leased: &Leased,
        stop: Option<Stop>,
        made: Result<State, Failed>,
    ) -> Result<&'static str, DbError> {
        match (made, stop) {
            (Ok(state), _) => {
                // A better one has ended with the transaction in which it went live.
                self.db.end_polish(leased, state).await?;
                Ok(state.as_str())
            }
            (_, Some(Stop::Lost)) => Ok("lost"),
            (_, Some(Stop::Overtaken)) => {
                self.db.end_polish(leased, State::Overtaken).await?;
                Ok(State::Overtaken.as_str())
            }
            (Err(Failed::Ingest(Failure::Running(_))), _) | (_, Some(Stop::GivesWay)) => {
                self.db.yield_polish(leased).await?;
                Ok("yielded")
            }
            (Err(failed), None) => {
                let is_final = matches!(&failed, Failed::Ingest(failure) if failure.is_final());
                let error: &(dyn std::error::Error + Send + Sync) = &failed;
                tracing::error!(error, configuration = %leased.configuration, "a spin could not be polished");
                self.db.fail_polish(leased, is_final).await?;
                Ok(State::Failed.as_str())
            }
        }
    }

    async fn make_polished(&self, leased: &Leased, tracker: &Arc<Tracker>) -> Result<State, Failed> {
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
        let settings = self.polishing.more_effort(&set.wanted.settings);
        if settings.digest().to_string() != leased.settings {
            // The settings of this installation have changed since it was queued.
            return Ok(State::Overtaken);
        }
        let order = self.order_of(set, turn.path(), settings);
        Ok(polish(&self.db, &self.store, &self.data, (&order, leased), tracker).await?)
    }

    pub(super) fn order_of(&self, set: Frameset, source: PathBuf, settings: Settings) -> Order {
        Order {
            source,
            product: set.wanted.product,
            choices: set.wanted.choices.into_iter().collect(),
            settings,
            publish: false,
            early: false,
            protected: false,
            actor: Actor::polish(),
            machine: self.budget.now(),
            job: None,
            encodes: self.staging.encodes(&set.id),
        }
    }
}
