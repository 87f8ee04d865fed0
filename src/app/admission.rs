//! How much may be under way at once, as configured.

use std::time::Duration;

use crate::http::{PrivateBounds, catalog::Bounds};

use super::App;

impl App {
    /// How many loads may be under way at once.
    pub(super) fn bounds(&self) -> Bounds {
        let server = &self.config.server;
        Bounds {
            database: server.max_database_loads,
            store: server.max_manifest_loads,
            objects: server.max_object_loads,
            patience: Duration::from_millis(server.shed_after_ms),
        }
    }

    /// How much of what artists and operators ask for may be under way at once.
    pub(super) fn private_bounds(&self) -> PrivateBounds {
        let server = &self.config.server;
        PrivateBounds {
            artists: server.max_artist_requests,
            uploads: server.max_uploads,
            operators: server.max_operator_requests,
            streams: server.max_streams,
            patience: Duration::from_millis(server.shed_after_ms),
        }
    }
}
