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
/// Pictures that are: they are large.
const AVATARS: usize = 64;

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
    target: Option<&mut Target>,
    (step, total): (Step, u64),
    tell: Tell<'_>,
) -> Result<Sum, Error> {
    let mut walk = Walk {
        source,
        target,
        sum: Sum::default(),
        step,
        total,
        tell,
    };
    let by_id = Order::ById(Kind::Users);
    let users = walk.target.as_ref();
    let users = users.map_or(by_id, |target| target.order_of_users());
    walk.records(Kind::Superusers, Order::ById(Kind::Superusers))
        .await?;
    walk.records(Kind::Companies, Order::ById(Kind::Companies))
        .await?;
    walk.records(Kind::Users, users).await?;
    walk.avatars().await?;
    walk.messages().await?;
    for &origin in Origin::ALL {
        walk.events(origin).await?;
    }
    walk.sum.add_state(&source.state().await?)?;
    walk.sum.add_numbers(source.numbers().await?);
    Ok(walk.sum)
}

/// A walk over all that a source holds.
struct Walk<'a> {
    source: &'a Source,
    target: Option<&'a mut Target>,
    sum: Sum,
    step: Step,
    total: u64,
    tell: Tell<'a>,
}

impl Walk<'_> {
    async fn records(&mut self, kind: Kind, order: Order) -> Result<(), Error> {
        let mut after = None;
        loop {
            let page = self.source.records(order, after.as_ref(), BATCH).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.clone());
            self.take(Batch::Records(kind, page)).await?;
        }
    }

    async fn avatars(&mut self) -> Result<(), Error> {
        let mut after = None;
        loop {
            let page = self.source.avatars(after.as_ref(), AVATARS).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.user.clone());
            self.take(Batch::Avatars(page)).await?;
        }
    }

    async fn messages(&mut self) -> Result<(), Error> {
        let mut after = None;
        loop {
            let page = self.source.messages(after, BATCH).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some((last.hook, last.number));
            self.take(Batch::Messages(page)).await?;
        }
    }

    async fn events(&mut self, origin: Origin) -> Result<(), Error> {
        let mut after = None;
        loop {
            let page = self.source.events(origin, after, BATCH).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.id);
            self.take(Batch::Events(page)).await?;
        }
    }

    async fn take(&mut self, batch: Batch) -> Result<(), Error> {
        self.sum.add(&batch)?;
        if let Some(target) = &mut self.target
            && !is_there(target, &batch)
        {
            target.write(batch).await?;
        }
        (self.tell)(self.step, self.sum.items(), self.total);
        Ok(())
    }
}

/// Whether a move that was cut has written these users already.
fn is_there(target: &Target, batch: &Batch) -> bool {
    match (batch.last_user(), target.users_to()) {
        (Some(last), Some(there)) => last.as_str() <= there.as_str(),
        _ => false,
    }
}
