//! Metrics of components, and the text in which Prometheus reads them.
//!
//! Each component owns what it counts and shows it to the [`Metrics`] of its app; counting takes no lock.

use prometheus::core::Collector;
use prometheus::proto::{self, LabelPair, Metric};
pub use prometheus::{
    Histogram, HistogramVec as Histograms, IntCounter as Counter, IntCounterVec as Counters,
    IntGauge as Gauge, IntGaugeVec as Gauges,
};
use prometheus::{HistogramOpts, Opts, PullingGauge, Registry, TextEncoder};

/// The content type of [`Metrics::text`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Bounds in seconds, from what is answered from memory to what waits for WeChat.
pub const SECONDS: [f64; 13] = [
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
];

/// All that is counted in one app.
#[derive(Default)]
pub struct Metrics(Registry);

/// Labels of a series.
pub struct Labels<'a>(&'a [LabelPair]);

impl Labels<'_> {
    /// The value of a label; empty: there is no such label.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        let label = self.0.iter().find(|label| label.name() == name);
        label.map_or("", LabelPair::value)
    }
}

/// Times of a histogram.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timings {
    /// Number of times.
    pub count: u64,
    /// Their sum, in seconds.
    pub seconds: f64,
    /// Numbers of those that took at most as long, by bounds in seconds.
    pub buckets: Vec<(f64, u64)>,
}

impl Timings {
    fn add(&mut self, other: &proto::Histogram) {
        self.count += other.get_sample_count();
        self.seconds += other.get_sample_sum();
        let buckets = other.get_bucket();
        self.buckets.resize(buckets.len(), (0.0, 0));
        for (sum, bucket) in self.buckets.iter_mut().zip(buckets) {
            *sum = (bucket.upper_bound(), sum.1 + bucket.cumulative_count());
        }
    }
}

impl Metrics {
    /// Shows `metric` from now on.
    pub fn register(&self, metric: &(impl Collector + Clone + 'static)) {
        if let Err(error) = self.0.register(Box::new(metric.clone())) {
            tracing::error!(%error, "a metric is not shown");
        }
    }

    /// Shows a number that is looked up whenever it is read.
    pub fn pull(&self, name: &str, help: &str, value: impl Fn() -> f64 + Send + Sync + 'static) {
        self.register(&made(name, PullingGauge::new(name, help, Box::new(value))));
    }

    /// Shows a number as it is now.
    #[expect(
        clippy::cast_precision_loss,
        reason = "Prometheus knows no other numbers, and 2^53 is enough for ours"
    )]
    pub fn set(&self, name: &str, help: &str, value: u64) {
        self.pull(name, help, move || value as f64);
    }

    /// Shows a number that only grows, as it is now.
    pub fn total(&self, name: &str, help: &str, value: f64) {
        let total = made(name, prometheus::Counter::new(name, help));
        total.inc_by(value);
        self.register(&total);
    }

    /// Sum of the series of a counter whose labels are `wanted`.
    #[must_use]
    pub fn counted(&self, name: &str, wanted: impl Fn(&Labels<'_>) -> bool) -> f64 {
        let counts = self.series(name, wanted).into_iter();
        counts.map(|series| series.get_counter().get_value()).sum()
    }

    /// Sum of the series of a histogram whose labels are `wanted`.
    #[must_use]
    pub fn timed(&self, name: &str, wanted: impl Fn(&Labels<'_>) -> bool) -> Timings {
        let mut sum = Timings::default();
        for series in self.series(name, wanted) {
            sum.add(series.get_histogram());
        }
        sum
    }

    fn series(&self, name: &str, wanted: impl Fn(&Labels<'_>) -> bool) -> Vec<Metric> {
        let families = self.0.gather().into_iter();
        let series = families.filter(|family| family.name() == name);
        let mut series: Vec<_> = series
            .flat_map(|family| family.get_metric().to_vec())
            .collect();
        series.retain(|series| wanted(&Labels(series.get_label())));
        series
    }

    /// Everything, in Prometheus's text format.
    #[must_use]
    pub fn text(&self) -> String {
        TextEncoder::new()
            .encode_to_string(&self.0.gather())
            .unwrap_or_else(|error| {
                tracing::error!(%error, "the metrics cannot be written");
                String::new()
            })
    }
}

/// A number that only grows.
#[must_use]
pub fn counter(name: &str, help: &str) -> Counter {
    made(name, Counter::new(name, help))
}

/// Numbers that only grow, by the values of `labels`.
#[must_use]
pub fn counters(name: &str, help: &str, labels: &[&str]) -> Counters {
    made(name, Counters::new(Opts::new(name, help), labels))
}

/// A number that goes up and down.
#[must_use]
pub fn gauge(name: &str, help: &str) -> Gauge {
    made(name, Gauge::new(name, help))
}

/// Numbers that go up and down, by the values of `labels`.
#[must_use]
pub fn gauges(name: &str, help: &str, labels: &[&str]) -> Gauges {
    made(name, Gauges::new(Opts::new(name, help), labels))
}

/// Histogram with the upper limits `bounds`.
#[must_use]
pub fn histogram(name: &str, help: &str, bounds: &[f64]) -> Histogram {
    made(
        name,
        Histogram::with_opts(HistogramOpts::new(name, help).buckets(bounds.to_vec())),
    )
}

/// Histograms by the values of `labels`.
#[must_use]
pub fn histograms(name: &str, help: &str, bounds: &[f64], labels: &[&str]) -> Histograms {
    made(
        name,
        Histograms::new(
            HistogramOpts::new(name, help).buckets(bounds.to_vec()),
            labels,
        ),
    )
}

/// Names, labels and bounds are written in the source, so one that Prometheus does not take is found by the first test.
fn made<T>(name: &str, metric: prometheus::Result<T>) -> T {
    metric.unwrap_or_else(|error| unreachable!("{name}: {error}"))
}
