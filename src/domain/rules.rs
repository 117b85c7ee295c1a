//! PocketBase's rules of a collection: who may list, view, create, update and delete its records, and log in as one of them.

use super::Kind;

/// One of the rules that a collection has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RuleName {
    /// Records that are in lists.
    List,
    /// Records that are shown one by one.
    View,
    /// Records that may be made.
    Create,
    /// Records that may be changed.
    Update,
    /// Records that may be removed.
    Delete,
    /// Records that may log in.
    Auth,
    /// Records whose password, e-mail address and verification may be changed like a superuser does it.
    Manage,
}

impl RuleName {
    /// All of them, in PocketBase's order.
    pub const ALL: [Self; 7] = [
        Self::List,
        Self::View,
        Self::Create,
        Self::Update,
        Self::Delete,
        Self::Auth,
        Self::Manage,
    ];

    /// PocketBase's name of the rule.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::List => "listRule",
            Self::View => "viewRule",
            Self::Create => "createRule",
            Self::Update => "updateRule",
            Self::Delete => "deleteRule",
            Self::Auth => "authRule",
            Self::Manage => "manageRule",
        }
    }

    /// The rule of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.name() == name)
    }

    /// Rules that a collection of this kind has: those of logins only where records can log in.
    #[must_use]
    pub fn of(kind: Kind) -> &'static [Self] {
        match kind {
            Kind::Users | Kind::Superusers => &Self::ALL,
            Kind::Companies => &[
                Self::List,
                Self::View,
                Self::Create,
                Self::Update,
                Self::Delete,
            ],
        }
    }
}

/// Rules of a collection as texts (`None`: superusers only; empty: everybody; else a filter in PocketBase's language), or what
/// was made of the texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules<T = Option<String>> {
    /// Records that are in lists.
    pub list: T,
    /// Records that are shown one by one.
    pub view: T,
    /// Records that may be made.
    pub create: T,
    /// Records that may be changed.
    pub update: T,
    /// Records that may be removed.
    pub delete: T,
    /// Records that may log in.
    pub auth: T,
    /// Records whose password, e-mail address and verification may be changed like a superuser does it.
    pub manage: T,
}

impl<T> Rules<T> {
    /// Rules that `rule` gives for each name.
    pub fn from_fn(mut rule: impl FnMut(RuleName) -> T) -> Self {
        Self {
            list: rule(RuleName::List),
            view: rule(RuleName::View),
            create: rule(RuleName::Create),
            update: rule(RuleName::Update),
            delete: rule(RuleName::Delete),
            auth: rule(RuleName::Auth),
            manage: rule(RuleName::Manage),
        }
    }

    /// The rule of that name.
    pub fn get(&self, name: RuleName) -> &T {
        match name {
            RuleName::List => &self.list,
            RuleName::View => &self.view,
            RuleName::Create => &self.create,
            RuleName::Update => &self.update,
            RuleName::Delete => &self.delete,
            RuleName::Auth => &self.auth,
            RuleName::Manage => &self.manage,
        }
    }

    /// The rule of that name, to be changed.
    pub fn get_mut(&mut self, name: RuleName) -> &mut T {
        match name {
            RuleName::List => &mut self.list,
            RuleName::View => &mut self.view,
            RuleName::Create => &mut self.create,
            RuleName::Update => &mut self.update,
            RuleName::Delete => &mut self.delete,
            RuleName::Auth => &mut self.auth,
            RuleName::Manage => &mut self.manage,
        }
    }
}

/// A rule that was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleChange {
    /// Name.
    pub name: RuleName,
    /// Text before.
    pub before: Option<String>,
    /// Text from now on.
    pub after: Option<String>,
}

/// Users see and change themselves.
const OWN: &str = "id = @request.auth.id";
/// Users change themselves, but for what only superusers change; WeChat users keep the phone that WeChat vouches for.
const OWN_CHANGES: &str = "id = @request.auth.id \
    && @request.body.openid:changed = false \
    && @request.body.users_idtype:changed = false \
    && @request.body.users_status:changed = false \
    && @request.body.users_rank_level:changed = false \
    && @request.body.users_auth_type:changed = false \
    && @request.body.users_id:changed = false \
    && @request.body.users_convers_id:changed = false \
    && (users_idtype != 'WeChat' || @request.body.users_phone:changed = false)";
/// Whoever has logged in sees companies.
const LOGGED_IN: &str = "@request.auth.id != ''";

impl Rules {
    /// Sets these rules; those that were other ones before.
    pub fn change(&mut self, rules: &[(RuleName, Option<String>)]) -> Vec<RuleChange> {
        let mut changes = Vec::new();
        for (name, after) in rules {
            let rule = self.get_mut(*name);
            if rule != after {
                changes.push(RuleChange {
                    name: *name,
                    before: std::mem::replace(rule, after.clone()),
                    after: after.clone(),
                });
            }
        }
        changes
    }

    /// Rules of a collection whose rules nobody has changed.
    #[must_use]
    pub fn default_of(kind: Kind) -> Self {
        match kind {
            Kind::Users => Self {
                list: Some(OWN.to_owned()),
                view: Some(OWN.to_owned()),
                update: Some(OWN_CHANGES.to_owned()),
                auth: Some(String::new()),
                ..Self::default()
            },
            Kind::Companies => Self {
                view: Some(LOGGED_IN.to_owned()),
                ..Self::default()
            },
            Kind::Superusers => Self {
                auth: Some(String::new()),
                ..Self::default()
            },
        }
    }
}
