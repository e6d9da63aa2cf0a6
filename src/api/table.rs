//! The table of routes as data: the router serves what stands in it, and the document that describes the
//! API is held against it.
//!
//! axum's own router does not tell which routes it has. So the functions here have the names of axum's
//! and do the same, and note down each method and path beside it.

use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter};

use super::App;

/// A method and a path, such as `GET /api/v1/events/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// The path, its variable parts in braces.
    pub path: String,
    /// The method, in capitals. `GET` stands for `HEAD` too.
    pub method: &'static str,
}

/// What is done at one path, method by method.
#[derive(Default)]
pub(super) struct Methods {
    handlers: MethodRouter<Arc<App>>,
    names: Vec<&'static str>,
}

/// `GET` alone; more may follow.
pub(super) fn get<H: Handler<T, Arc<App>>, T: 'static>(handler: H) -> Methods {
    Methods::default().get(handler)
}

/// `POST` alone; more may follow.
pub(super) fn post<H: Handler<T, Arc<App>>, T: 'static>(handler: H) -> Methods {
    Methods::default().post(handler)
}

/// `DELETE` alone; more may follow.
pub(super) fn delete<H: Handler<T, Arc<App>>, T: 'static>(handler: H) -> Methods {
    Methods::default().delete(handler)
}

impl Methods {
    pub(super) fn get<H: Handler<T, Arc<App>>, T: 'static>(self, handler: H) -> Self {
        self.on("GET", MethodFilter::GET, handler)
    }

    pub(super) fn post<H: Handler<T, Arc<App>>, T: 'static>(self, handler: H) -> Self {
        self.on("POST", MethodFilter::POST, handler)
    }

    pub(super) fn put<H: Handler<T, Arc<App>>, T: 'static>(self, handler: H) -> Self {
        self.on("PUT", MethodFilter::PUT, handler)
    }

    pub(super) fn patch<H: Handler<T, Arc<App>>, T: 'static>(self, handler: H) -> Self {
        self.on("PATCH", MethodFilter::PATCH, handler)
    }

    pub(super) fn delete<H: Handler<T, Arc<App>>, T: 'static>(self, handler: H) -> Self {
        self.on("DELETE", MethodFilter::DELETE, handler)
    }

    pub(super) fn options<H: Handler<T, Arc<App>>, T: 'static>(self, handler: H) -> Self {
        self.on("OPTIONS", MethodFilter::OPTIONS, handler)
    }

    fn on<H: Handler<T, Arc<App>>, T: 'static>(
        mut self,
        name: &'static str,
        filter: MethodFilter,
        handler: H,
    ) -> Self {
        self.names.push(name);
        Self { handlers: self.handlers.on(filter, handler), names: self.names }
    }
}

/// All routes.
#[derive(Default)]
pub(super) struct Table {
    router: Router<Arc<App>>,
    routes: Vec<Route>,
}

impl Table {
    /// Adds a path.
    pub(super) fn route(mut self, path: &str, methods: Methods) -> Self {
        let Methods { handlers, names } = methods;
        let route = |method| Route { path: path.to_owned(), method };
        self.routes.extend(names.into_iter().map(route));
        Self { router: self.router.route(path, handlers), routes: self.routes }
    }

    /// What serves them.
    pub(super) fn into_router(self) -> Router<Arc<App>> {
        self.router
    }

    /// Their names.
    pub(super) fn into_routes(self) -> Vec<Route> {
        self.routes
    }
}
