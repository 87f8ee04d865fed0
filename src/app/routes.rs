//! The routes of a server: what its handlers share, and what each answer goes through.

use actix_service::ServiceFactory;
use actix_web::{
    App as Routes, Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::from_fn,
    web,
};
use tracing_actix_web::TracingLogger;

use crate::{
    cdn::purge::Purger,
    checks::Checks,
    domain::{
        frameset::UploadLimits, loupe::Rules as LoupeRules, polish::Rules as PolishRules,
        proxies::TrustedProxies,
    },
    http::{
        self, AccessLog, Direct, Draining, PrivateAdmission, Scraped, catalog::Catalog, public::vitals::Views,
    },
    library::readiness::Readiness,
    limits::Limits,
    notices::Notices,
    staging::Staging,
};

use super::{Pages, performance::Measured};

/// What handlers share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) catalog: web::Data<Catalog>,
    pub(super) staging: web::Data<Staging>,
    pub(super) limits: web::Data<UploadLimits>,
    pub(super) writers: web::Data<http::Writers>,
    pub(super) checks: web::Data<Checks>,
    pub(super) views: web::Data<Views>,
    pub(super) purger: web::Data<Purger>,
    pub(super) proxies: web::Data<TrustedProxies>,
    pub(super) readiness: web::Data<Readiness>,
    pub(super) draining: web::Data<Draining>,
    pub(super) scraped: web::Data<Scraped>,
    pub(super) housekeeping: web::Data<http::Housekeeping>,
    pub(super) polishing: web::Data<PolishRules>,
    pub(super) loupes: web::Data<LoupeRules>,
    pub(super) measured: Measured,
    pub(super) request_limits: web::Data<Limits>,
    pub(super) admission: web::Data<PrivateAdmission>,
    pub(super) notices: web::Data<Notices>,
}

impl Shared {
    /// A server's routes: these addresses, and what each answer goes through.
    pub(super) fn routes(
        self,
        addresses: impl FnOnce(&mut web::ServiceConfig),
    ) -> Routes<
        impl ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<impl MessageBody>,
            Error = Error,
            InitError = (),
        >,
    > {
        Routes::new()
            .wrap(from_fn(http::accept_both_spellings))
            .wrap(from_fn(http::store_plain_alone))
            .wrap(from_fn(http::limit))
            .wrap(from_fn(http::close_while_draining))
            .wrap(from_fn(http::note_work))
            .wrap(TracingLogger::<AccessLog>::new())
            .configure(|routes| self.add_to(routes))
            .configure(addresses)
    }

    /// What is answered in front of the routes, with one line in the log for so many answers.
    pub(super) fn direct(&self, log_one_in: u32) -> Direct {
        Direct {
            catalog: self.catalog.clone(),
            draining: self.draining.clone(),
            recorder: self.measured.recorder().clone(),
            limits: self.request_limits.clone(),
            proxies: self.proxies.clone(),
            log_one_in,
        }
    }

    fn add_to(self, routes: &mut web::ServiceConfig) {
        let Self { catalog, staging, limits, writers, checks, views, purger, proxies, readiness, .. } = self;
        routes.app_data(catalog).app_data(staging).app_data(limits).app_data(writers).app_data(self.draining);
        routes.app_data(checks).app_data(views).app_data(purger).app_data(proxies).app_data(readiness);
        routes
            .app_data(self.scraped)
            .app_data(self.housekeeping)
            .app_data(self.polishing)
            .app_data(self.loupes);
        self.measured.add_to(routes);
        routes.app_data(self.request_limits).app_data(self.notices).app_data(self.admission);
    }
}

/// What the addresses of a process share that only works.
#[derive(Clone)]
pub(super) struct OfWorker {
    pub(super) catalog: web::Data<Catalog>,
    pub(super) proxies: web::Data<TrustedProxies>,
    pub(super) scraped: web::Data<Scraped>,
}

impl OfWorker {
    /// The routes of such a process.
    pub(super) fn routes(
        self,
    ) -> Routes<
        impl ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<impl MessageBody>,
            Error = Error,
            InitError = (),
        >,
    > {
        let Self { catalog, proxies, scraped } = self;
        Routes::new()
            .wrap(from_fn(http::store_plain_alone))
            .wrap(from_fn(http::note_work))
            .wrap(TracingLogger::<AccessLog>::new())
            .app_data(catalog)
            .app_data(proxies)
            .app_data(scraped)
            .configure(http::worker)
    }
}

impl Pages {
    pub(super) fn add_to(self, routes: &mut web::ServiceConfig) {
        if self == Self::Demo {
            routes.configure(http::demo);
        }
        routes.configure(http::storefront);
    }
}
