//! Callers of PocketBase's API: the token, and the request as access rules see it.

use std::ops::Deref;

use poem::{Request, RequestBody, Result};
use poem_openapi::registry::Registry;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use crate::http::bearer::Bearer;
use crate::http::request_info::info_of;
use crate::records::rules::RequestInfo;

/// Bearer of a token, with the request that it came with.
pub struct Caller {
    bearer: Bearer,
    /// The request, without its body.
    pub info: RequestInfo,
}

impl Deref for Caller {
    type Target = Bearer;

    fn deref(&self) -> &Bearer {
        &self.bearer
    }
}

impl<'a> ApiExtractor<'a> for Caller {
    const TYPES: &'static [ApiExtractorType] = <Bearer as ApiExtractor<'a>>::TYPES;
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        Bearer::register(registry);
    }

    fn security_schemes() -> Vec<&'static str> {
        Bearer::security_schemes()
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        Ok(Self {
            bearer: Bearer::from_request(request, body, options).await?,
            info: info_of(request),
        })
    }
}
