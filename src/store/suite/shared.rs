//! Properties of what all servers on a database count together.

use super::bench::Bench;
use super::outcome::{Outcome, same};
use crate::domain::Failures;
use crate::store::FailureWrite;

pub async fn failures(bench: &Bench) -> Outcome {
    if !bench.store.is_shared() {
        return Ok(());
    }
    let keys = ["one", "two"].map(str::to_owned);
    let none = Failures::default();
    let some = Failures {
        count: 3,
        at_ms: 1_795_327_836_000,
        is_familiar: true,
    };
    let write = |key: &str, before, after| FailureWrite {
        key: key.to_owned(),
        before,
        after,
    };
    let other = bench.another().await?;
    let written = bench.store.write_failures(vec![write("one", none, some)]);
    same("whether it was written", &written.await?, &true)?;
    let found = other.failures(&keys).await?;
    same("what is counted", &found, &vec![some, none])?;
    // One of both was decided on what is counted no more.
    let writes = vec![write("two", none, some), write("one", none, some)];
    let written = other.write_failures(writes).await?;
    same("whether the older one was written", &written, &false)?;
    let found = bench.store.failures(&keys).await?;
    same("what is counted then", &found, &vec![some, none])
}
