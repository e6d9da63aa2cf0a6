//! What a running server needs to look at itself.

use std::sync::Arc;

use super::Engine;
use crate::check::Prober;

impl Engine {
    /// Who looks at endpoints and lines, the way that deliveries go.
    pub fn prober(&self) -> Prober {
        Prober::over(Arc::clone(&self.around.channels))
    }
}
