//! How well visitors are served: what a server measures, and what commands show of it.

use std::sync::Arc;

use actix_web::web;

use crate::{
    config::VitalsConfig,
    db::{Db, DbError},
    domain::{
        launch_report::LaunchReport,
        performance::{report::Report, users::UserReport},
    },
    http::{self, Reports},
    launches::Launches,
    performance::{
        Recorder, report,
        users::{self, UserRecorder},
    },
    telemetry::metrics::Page,
};

use super::App;

/// What a server measures of its requests, of itself and of visitors, on its way to the database; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    recorder: web::Data<Recorder>,
    users: web::Data<UserRecorder>,
    reports: web::Data<Reports>,
    vitals: web::Data<VitalsConfig>,
    launches: web::Data<Launches>,
}

impl Measured {
    /// Lets handlers count, and show what was counted.
    pub(super) fn add_to(&self, routes: &mut web::ServiceConfig) {
        let Self { recorder, users, reports, vitals, launches } = self.clone();
        routes.app_data(recorder).app_data(users).app_data(reports).app_data(vitals).app_data(launches);
    }

    /// Where requests are counted.
    pub(super) fn recorder(&self) -> &web::Data<Recorder> {
        &self.recorder
    }

    /// Writes all of it to the database.
    pub(super) async fn flush(&self, db: &Db) -> Result<(), DbError> {
        self.recorder.flush(db).await?;
        self.users.flush(db).await
    }
}

impl App {
    /// Where a server counts.
    pub(super) fn measured(&self) -> Measured {
        let metrics = self.metrics.clone();
        let figures = move || metrics.render(Page::default());
        let recorder = Recorder::start(&self.config.data, self.db.now_ms(), figures);
        let users = Arc::new(UserRecorder::default());
        let (alerts, launches) = (&self.config.alerts, self.launches());
        let reports = Reports::new(&self.db, &recorder, &users, self.config.objectives.targets()).watched_by(
            alerts.overrides(),
            launches.clone(),
            alerts.enabled,
        );
        Measured {
            reports: web::Data::new(reports),
            recorder: web::Data::new(recorder),
            users: users.into(),
            vitals: web::Data::new(self.config.vitals.clone()),
            launches: web::Data::new(launches),
        }
    }

    /// The launches of the settings, and those that operators plan.
    pub fn launches(&self) -> Launches {
        let of_settings = self.config.launches.iter().filter_map(|launch| launch.launch().ok());
        Launches::of(&self.db, of_settings.collect())
    }

    /// Reports of launches as `GET /api/launches/reports` answers them.
    pub fn launch_reports_json(reports: Vec<LaunchReport>) -> String {
        http::launch_reports_json(reports)
    }

    /// What all servers have measured in the last hours, and written to the database.
    pub async fn performance(&self, hours: u32) -> Result<Report, DbError> {
        report::load(&self.db, hours, &self.config.objectives.targets(), None).await
    }

    /// What visitors' browsers have measured in the last hours, as far as servers have written it to the database.
    pub async fn user_performance(&self, hours: u32) -> Result<UserReport, DbError> {
        users::load(&self.db, hours, None).await
    }

    /// Both as `GET /api/performance` answers them, the second one under `users`.
    pub fn performance_json(report: &Report, users: &UserReport) -> String {
        http::performance_json(report, users)
    }
}
