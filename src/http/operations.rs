//! A short way to the operations that are asked for most: the contract's, and what proxies ask.

use std::collections::HashMap;
use std::sync::Arc;

use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem::{Endpoint, Request, Response, Result};
use poem_openapi::OpenApi;

use super::traffic::{Route, Traffic};

/// Operations by path and method, in front of an endpoint for all else. poem's router and poem-openapi's service lead to them
/// as well, but through half a dozen endpoints within each other, most of which allocate a future and change the request.
pub struct Operations {
    by_path: HashMap<String, Path>,
    others: BoxEndpoint<'static>,
}

/// The operations at one path.
pub struct Path {
    by_method: HashMap<Method, BoxEndpoint<'static>>,
    /// Counter of its requests.
    pub route: Arc<Route>,
}

impl Operations {
    /// The operations of `apis`, whose paths and queries have no parameters, under `base_path`; all else goes to `others`.
    pub fn new(
        apis: impl OpenApi,
        base_path: &str,
        others: BoxEndpoint<'static>,
        traffic: &Traffic,
    ) -> Self {
        let mut by_path = HashMap::new();
        apis.add_routes(&mut by_path);
        let by_path = by_path.into_iter().map(|(path, by_method)| {
            let path = format!("{base_path}{path}");
            let route = traffic.keep(&path);
            (path, Path { by_method, route })
        });
        Self {
            by_path: by_path.collect(),
            others,
        }
    }

    /// The operations at `path`.
    pub fn at(&self, path: &str) -> Option<&Path> {
        self.by_path.get(path)
    }

    /// Calls the operation `at` a path, or what else there is.
    pub async fn call(&self, at: Option<&Path>, req: Request) -> Result<Response> {
        let operation = at.and_then(|at| at.by_method.get(req.method()));
        operation.unwrap_or(&self.others).call(req).await
    }
}
