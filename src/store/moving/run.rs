//! A move from its begin to its end.

use super::error::MoveError;
use super::item::Batch;
use super::place::{MoveSettings, Place};
use super::source::Source;
use super::sum::Sum;
use super::target::Target;
use crate::domain::{Kind, Origin};
use crate::store::{Error, Order};

/// Items that are read and written together.
const BATCH: usize = 2_000;

/// Part of a move, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Items are moved.
    Move,
    /// Reading back of what was written, to compare it.
    Compare,
}

/// Listener to the progress: done, of how many.
pub type Tell<'a> = &'a (dyn Fn(Step, u64, u64) + Send + Sync);

/// A database that was moved.
#[derive(Clone, Copy, Debug)]
pub struct Moved {
    /// Sum over what was read.
    pub read: Sum,
    /// Sum over what was written, which is the same.
    pub written: Sum,
}

/// Moves the whole database at `from` to `to`, which has to be empty.
///
/// # Errors
/// Nothing was moved, or half of it: the words say how to go on. `from` is as it was.
pub async fn move_database(
    from: &Place,
    to: &Place,
    settings: &MoveSettings,
    tell: Tell<'_>,
) -> Result<Moved, MoveError> {
    let (from_name, to_name) = (from.name()?, to.name()?);
    let source = Source::open(from, settings).await?;
    let version = source.version().await?;
    let mut target = Target::begin(to, (&from_name, &version), settings).await?;
    let total = source.count().await?;
    let sum = walk(&source, Some(&mut target), (Step::Move, total), tell).await?;
    let (state, numbers) = (source.state().await?, source.numbers().await?);
    let filled = target.fill(&sum, &state, numbers).await?;
    if source.version().await? != version {
        return Err(MoveError::Changed {
            source_name: from_name,
            again: filled.again().to_owned(),
        });
    }
    let written = filled.source(settings).await?;
    let found = walk(&written, None, (Step::Compare, sum.items()), tell).await?;
    drop(written);
    if found != sum {
        return Err(MoveError::Different {
            target_name: to_name,
            difference: format!("read {sum}; found {found}"),
            again: filled.again().to_owned(),
        });
    }
    filled.finish(&sum).await?;
    Ok(Moved {
        read: sum,
        written: found,
    })
}

/// Reads all of `source`, writes it to the target, if there is one, and sums it up.
async fn walk(
    source: &Source,
    mut target: Option<&mut Target>,
    (step, total): (Step, u64),
    tell: Tell<'_>,
) -> Result<Sum, Error> {
    let mut sum = Sum::default();
    let by_id = Order::ById(Kind::Users);
    let users = target.as_ref().map_or(by_id, |it| it.order_of_users());
    for (kind, order) in [
        (Kind::Superusers, Order::ById(Kind::Superusers)),
        (Kind::Companies, Order::ById(Kind::Companies)),
        (Kind::Users, users),
    ] {
        let mut after = None;
        loop {
            let page = source.records(order, after.as_ref(), BATCH).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.clone());
            take(Batch::Records(kind, page), &mut sum, &mut target).await?;
            tell(step, sum.items(), total);
        }
    }
    for &origin in Origin::ALL {
        let mut after = None;
        loop {
            let page = source.events(origin, after, BATCH).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            take(Batch::Events(page), &mut sum, &mut target).await?;
            tell(step, sum.items(), total);
        }
    }
    sum.add_state(&source.state().await?)?;
    sum.add_numbers(source.numbers().await?);
    Ok(sum)
}

async fn take(batch: Batch, sum: &mut Sum, target: &mut Option<&mut Target>) -> Result<(), Error> {
    sum.add(&batch)?;
    let Some(target) = target else { return Ok(()) };
    let is_there = match (batch.last_user(), target.users_to()) {
        (Some(last), Some(there)) => last.as_str() <= there.as_str(),
        _ => false,
    };
    match is_there {
        true => Ok(()),
        false => target.write(batch).await,
    }
}
