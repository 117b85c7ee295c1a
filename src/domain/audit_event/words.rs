//! Words of events: kinds, actors, causes, origins.

/// A closed list of words, each with one written form.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The word for it, in the file and on the wire.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// Reads the word; `None` when it is none of them.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.name() == word)
            }
        }
    };
}

words! {
    /// Kind of an event.
    EventKind {
        /// Somebody logged in.
        Login = "login",
        /// Somebody did not get in; the cause says why.
        LoginFailed = "login-failed",
        /// A user is new, by their own doing.
        Registration = "registration",
        /// A user changed their own record.
        ProfileChange = "profile-change",
        /// A password was set, by whomever.
        PasswordChange = "password-change",
        /// A superuser logged in.
        SuperuserLogin = "superuser-login",
        /// Somebody did not get in as a superuser.
        SuperuserLoginFailed = "superuser-login-failed",
        /// A superuser took the token of somebody else.
        Impersonation = "impersonation",
        /// A superuser or the operator made a record.
        RecordCreate = "record-create",
        /// A superuser or the operator changed a record.
        RecordUpdate = "record-update",
        /// A superuser or the operator removed a record.
        RecordDelete = "record-delete",
        /// All tokens of somebody ended, by order.
        TokenRevoke = "token-revoke",
        /// The first superuser was made by the set-up link.
        SetUp = "set-up",
        /// A superuser or the operator changed an access rule; the detail has its text before and after.
        RuleChange = "rule-change",
        /// The operator or a superuser did something that is about no record, such as with a backup; the detail says what.
        Command = "command",
        /// Events for which there was no room; the count says how many.
        Lost = "lost",
        /// Somebody wanted a phone that is somebody else's: the subject is whose.
        PhoneRefused = "phone-refused",
    }
}

words! {
    /// Kind of an actor.
    ActorKind {
        /// Somebody who did not show who they are.
        Nobody = "nobody",
        /// A user.
        User = "user",
        /// A superuser.
        Superuser = "superuser",
        /// The operator, who has the command line.
        Operator = "operator",
    }
}

words! {
    /// Cause of a failure.
    Cause {
        /// The password is wrong.
        WrongPassword = "wrong-password",
        /// Nobody has that name.
        Unknown = "unknown",
        /// The user is disabled.
        Disabled = "disabled",
        /// A WeChat user where a platform user is wanted.
        WrongKind = "wrong-kind",
        /// WeChat does not accept the code.
        CodeRefused = "code-refused",
        /// Too many attempts, or too much at once.
        Limited = "limited",
        /// Superusers may not come from that address.
        Address = "address",
        /// Ours to mend; the log has the rest.
        Internal = "internal",
    }
}

words! {
    /// Origin of an event: each has its own room, so that none pushes out the events of the others.
    Origin {
        /// Anybody: what fails.
        Strangers = "strangers",
        /// Users, by logging in or registering.
        Logins = "logins",
        /// Somebody with a valid login, by changes of their own record.
        Changes = "changes",
        /// Superusers and the operator.
        Administrators = "administrators",
    }
}

impl Origin {
    /// Number of origins.
    pub const COUNT: usize = Self::ALL.len();
}
