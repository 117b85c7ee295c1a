//! A short way to the contract's operations.

use std::collections::HashMap;

use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem::{Endpoint, Request, Response, Result};
use poem_openapi::OpenApi;

/// Operations by path and method, in front of an endpoint for all else. poem's router and poem-openapi's service lead to them
/// as well, but through half a dozen endpoints within each other, most of which allocate a future and change the request.
pub struct Operations {
    by_path: HashMap<String, HashMap<Method, BoxEndpoint<'static>>>,
    others: BoxEndpoint<'static>,
}

impl Operations {
    /// The operations of `apis`, whose paths and queries have no parameters, under `base_path`; all else goes to `others`.
    pub fn new(apis: impl OpenApi, base_path: &str, others: BoxEndpoint<'static>) -> Self {
        let mut by_path = HashMap::new();
        apis.add_routes(&mut by_path);
        let by_path = by_path.into_iter().map(|(path, by_method)| (format!("{base_path}{path}"), by_method));
        Self { by_path: by_path.collect(), others }
    }
}

impl Endpoint for Operations {
    type Output = Response;

    async fn call(&self, req: Request) -> Result<Response> {
        let operation = self.by_path.get(req.uri().path()).and_then(|by_method| by_method.get(req.method()));
        operation.unwrap_or(&self.others).call(req).await
    }
}
