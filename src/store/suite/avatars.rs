//! Properties of pictures.

use super::bench::Bench;
use super::outcome::{Failed, Outcome, failed, same};
use super::samples::{id, now, user};
use crate::domain::{Avatar, AvatarName, ImageFormat, User, avatar_path};
use crate::store::{CommitError, Conflict, Store, Write};

/// Room for all pictures.
const ROOM: u64 = 1 << 20;

/// A picture of so many bytes.
fn picture(name: &str, bytes: usize) -> Result<Avatar, Failed> {
    Ok(Avatar {
        name: AvatarName::parse(name).ok_or_else(|| failed("a sample has no name"))?,
        format: ImageFormat::Png,
        uploaded: now(),
        bytes: vec![7; bytes],
    })
}

fn with_picture(user: &User, picture: String) -> User {
    User {
        picture,
        ..user.clone()
    }
}

/// A user whose picture leads to the stored one.
async fn pictured(store: &Store, n: usize, avatar: &Avatar) -> Result<User, Failed> {
    let new = store.insert(user(n)?).await?;
    let leading = with_picture(&new, avatar_path(&new.id, &avatar.name));
    Ok(store.set_avatar(new, leading, avatar.clone(), ROOM).await?)
}

async fn totals(store: &Store, count: u64, bytes: u64) -> Outcome {
    let totals = store.avatar_totals().await?;
    same("pictures", &(totals.count, totals.bytes), &(count, bytes))
}

pub async fn life(bench: &Bench) -> Outcome {
    let store = &bench.store;
    let first = picture("a.png", 5_000)?;
    let user = pictured(store, 1, &first).await?;
    same("the picture", &store.avatar(&user.id).await?, &Some(first))?;
    let second = picture("b.png", 200_000)?;
    let user = store.set_avatar(user.clone(), user, second.clone(), ROOM);
    let user = user.await?;
    same(
        "the new picture",
        &store.avatar(&user.id).await?,
        &Some(second),
    )?;
    totals(store, 1, 200_000).await?;
    store.commit(vec![Write::delete(user.clone())]).await?;
    same(
        "the picture of one who is gone",
        &store.avatar(&user.id).await?,
        &None,
    )?;
    totals(store, 0, 0).await
}

pub async fn released(bench: &Bench) -> Outcome {
    let store = &bench.store;
    let avatar = picture("a.png", 100)?;
    let user = pictured(store, 1, &avatar).await?;
    let same_file = format!("https://api.example.com{}?thumb=100x100", user.picture);
    let user = store.update(user.clone(), with_picture(&user, same_file));
    let user = user.await?;
    totals(store, 1, 100).await?;
    let next = picture("b.png", 50)?;
    let user = store.set_avatar(user.clone(), user, next, ROOM).await?;
    let elsewhere = with_picture(&user, "https://example.com/a.png".into());
    let user = store.update(user, elsewhere).await?;
    totals(store, 1, 50).await?;
    let leading = with_picture(&user, "b.png".into());
    let user = store.update(user, leading).await?;
    store
        .update(user.clone(), with_picture(&user, String::new()))
        .await?;
    totals(store, 0, 0).await
}

pub async fn bounds(bench: &Bench) -> Outcome {
    let store = &bench.store;
    for n in 0..3 {
        pictured(store, n, &picture("a.png", 300)?).await?;
    }
    totals(store, 3, 900).await?;
    let user = store.user_by_id(&id(0)?).await?;
    let user = user.ok_or_else(|| failed("a user is gone"))?;
    let larger = store.set_avatar(user.clone(), user.clone(), picture("b.png", 400)?, 999);
    let refused = matches!(
        larger.await,
        Err(CommitError::Conflict {
            conflict: Conflict::NoRoom,
            ..
        })
    );
    same("a picture without room is refused", &refused, &true)?;
    let smaller = store.set_avatar(user.clone(), user.clone(), picture("b.png", 399)?, 999);
    smaller.await?;
    let older = with_picture(&user, "x".into());
    let stale = store.set_avatar(older.clone(), older, picture("c.png", 1)?, ROOM);
    let refused = matches!(
        stale.await,
        Err(CommitError::Conflict {
            conflict: Conflict::Changed,
            ..
        })
    );
    same("a picture of an older version is refused", &refused, &true)?;
    let many = vec![
        (id(1)?, picture("d.png", 1)?),
        (id(9)?, picture("d.png", 1)?),
    ];
    same("written in bulk", &store.put_avatars(many).await?, &1)?;
    totals(store, 3, 399 + 1 + 300).await?;
    same("removed", &store.remove_avatar(&id(1)?).await?, &true)?;
    same(
        "removed again",
        &store.remove_avatar(&id(1)?).await?,
        &false,
    )?;
    totals(store, 2, 699).await
}

pub async fn refused_list(bench: &Bench) -> Outcome {
    let store = &bench.store;
    let avatar = picture("a.png", 100)?;
    let (one, other) = (
        pictured(store, 1, &avatar).await?,
        pictured(store, 2, &avatar).await?,
    );
    let writes = vec![
        Write::update(one.clone(), with_picture(&one, String::new())),
        Write::delete(other),
        Write::insert(one),
    ];
    let refused = store.commit(writes).await.is_err();
    same("the list is refused", &refused, &true)?;
    totals(store, 2, 200).await
}
