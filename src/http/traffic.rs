//! Counts of requests by route, method and status, and the time that they took.
//!
//! The labels of a series are bounded: the route is one that the server has, or "unknown"; methods and statuses that are
//! not expected are "other". A series begins with its first request. Counting is a few atomic additions: the handles of a
//! series are looked up once.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use poem::http::{Method, StatusCode};

use crate::metrics::{self, Counter, Counters, Histogram, Histograms, Metrics};

const UNKNOWN: &str = "unknown";
const METHODS: [&str; 8] = [
    "POST", "GET", "PATCH", "DELETE", "HEAD", "OPTIONS", "PUT", "other",
];
const STATUSES: [&str; 19] = [
    "200", "400", "401", "429", "404", "204", "304", "301", "403", "405", "408", "413", "415",
    "500", "503", "206", "416", "431", "other",
];

/// The series of all routes.
pub struct Traffic {
    requests: Counters,
    seconds: Histograms,
    /// By poem's pattern of the path.
    routes: HashMap<String, Arc<Route>>,
    unknown: Arc<Route>,
}

/// The series of one route.
pub struct Route {
    name: String,
    requests: Counters,
    seconds: Histograms,
    by_method: [Handles; METHODS.len()],
}

#[derive(Default)]
struct Handles {
    requests: [OnceLock<Counter>; STATUSES.len()],
    seconds: OnceLock<Histogram>,
}

impl Traffic {
    /// Series for `paths`, whose parameters are in braces as in the OpenAPI document.
    pub fn new<'a>(paths: impl Iterator<Item = &'a str>, base_path: &str) -> Self {
        let requests = metrics::counters(
            "bai_http_requests_total",
            "Requests that were answered.",
            &["route", "method", "status"],
        );
        let seconds = metrics::histograms(
            "bai_http_request_seconds",
            "How long requests took until their answers began.",
            &metrics::SECONDS,
            &["route", "method"],
        );
        let route = |name: &str| Arc::new(Route::new(name, &requests, &seconds));
        let routes = paths.flat_map(|path| {
            let route = route(path);
            patterns(path).map(|pattern| (format!("{base_path}{pattern}"), Arc::clone(&route)))
        });
        let routes = routes.collect();
        Self {
            routes,
            unknown: route(UNKNOWN),
            requests,
            seconds,
        }
    }

    pub fn register_metrics(&self, metrics: &Metrics) {
        metrics.register(&self.requests);
        metrics.register(&self.seconds);
    }

    /// The series of the route that poem names by `pattern`.
    pub fn route(&self, pattern: Option<&str>) -> &Route {
        pattern
            .and_then(|pattern| self.routes.get(pattern))
            .unwrap_or(&self.unknown)
    }

    /// [`Traffic::route`] of a path without parameters, to be kept.
    pub fn keep(&self, path: &str) -> Arc<Route> {
        Arc::clone(self.routes.get(path).unwrap_or(&self.unknown))
    }
}

/// A path of the document as poem knows it: with its parameters' names, or with numbers from poem-openapi.
fn patterns(path: &str) -> [String; 2] {
    let by_name = path.replace('{', ":").replace('}', "");
    let mut n = 0..;
    let segments = path
        .split('/')
        .map(|segment| match segment.starts_with('{') {
            true => format!(":param{}", n.next().unwrap_or_default()),
            false => segment.to_owned(),
        });
    [by_name, segments.collect::<Vec<_>>().join("/")]
}

impl Route {
    fn new(name: &str, requests: &Counters, seconds: &Histograms) -> Self {
        let by_method = std::array::from_fn(|_| Handles::default());
        Self {
            name: name.to_owned(),
            requests: requests.clone(),
            seconds: seconds.clone(),
            by_method,
        }
    }

    /// Counts an answer that began `elapsed` after its request.
    pub fn count(&self, method: &Method, status: StatusCode, elapsed: Duration) {
        let (method, status) = (
            place(&METHODS, method.as_str()),
            place(&STATUSES, status.as_str()),
        );
        let handles = &self.by_method[method];
        let labels = [self.name.as_str(), METHODS[method], STATUSES[status]];
        handles.requests[status]
            .get_or_init(|| self.requests.with_label_values(&labels))
            .inc();
        let seconds = handles
            .seconds
            .get_or_init(|| self.seconds.with_label_values(&labels[..2]));
        seconds.observe(elapsed.as_secs_f64());
    }
}

/// The place of `name` in `names`, whose last one stands for all others.
fn place(names: &[&str], name: &str) -> usize {
    names
        .iter()
        .position(|known| *known == name)
        .unwrap_or(names.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_asked_the_series_are_few() {
        let traffic = Traffic::new(["/api/a/{id}"].into_iter(), "/pb");
        let shown = Metrics::default();
        traffic.register_metrics(&shown);
        for n in 0..1000 {
            let method = Method::from_bytes(format!("M{n}").as_bytes()).unwrap();
            let status = StatusCode::from_u16(600 + n % 300).unwrap();
            traffic
                .route(Some(&format!("/pb/{n}")))
                .count(&method, status, Duration::ZERO);
        }
        for pattern in ["/pb/api/a/:id", "/pb/api/a/:param0"] {
            traffic.route(Some(pattern)).count(
                &Method::GET,
                StatusCode::OK,
                Duration::from_millis(3),
            );
        }
        traffic
            .route(None)
            .count(&Method::GET, StatusCode::OK, Duration::ZERO);
        let text = shown.text();
        let series: Vec<_> = text
            .lines()
            .filter(|line| line.starts_with("bai_http_requests_total"))
            .collect();
        assert_eq!(
            series,
            [
                r#"bai_http_requests_total{method="GET",route="/api/a/{id}",status="200"} 2"#,
                r#"bai_http_requests_total{method="GET",route="unknown",status="200"} 1"#,
                r#"bai_http_requests_total{method="other",route="unknown",status="other"} 1000"#,
            ]
        );
        let bucket = r#"bai_http_request_seconds_bucket{method="GET",route="/api/a/{id}",le="#;
        assert!(
            text.contains(&format!("{bucket}\"0.0025\"}} 0\n")),
            "{text}"
        );
        assert!(text.contains(&format!("{bucket}\"0.005\"}} 2\n")), "{text}");
    }
}
