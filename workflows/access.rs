//! Who may do what: three roles, the operations that there are, and the least role for each.
//!
//! Keys and sessions have a role; each route of the API says in one place which operation it is. So this is
//! the whole of what a role means, and nothing else in the house asks for one by name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What somebody may do. Each role may do all that those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Looks at everything that happens.
    Viewer,
    /// Also acts on work: sends, retries, replies, confirms, discards.
    Operator,
    /// Also decides how it is to be: endpoints, keys, settings.
    Admin,
}

impl Role {
    /// All of them, the least first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// The role as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// Whether it may do this.
    pub fn may(self, operation: Operation) -> bool {
        operation.least_role().is_none_or(|least| self >= least)
    }

    /// Whether it may see personal data that is hidden from sessions.
    pub fn may_reveal(self) -> bool {
        self >= Self::Operator
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|role| role.as_str() == text);
        found.ok_or_else(|| "must be viewer, operator or admin".to_owned())
    }
}

/// What a request to the API does, as far as it matters who may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Something for everybody, or for whoever proves otherwise who they are.
    Open,
    /// Looks at something.
    Look,
    /// Sends in events.
    Send,
    /// Acts on work: on events, deliveries, bookings, timers.
    Work,
    /// Decides how it is to be: endpoints, keys, settings, and what was done by whom.
    Configure,
    /// Concerns the server and all of its tenants; it needs the admin token besides.
    Server,
}

impl Operation {
    /// The least role for it; none where nobody is asked.
    pub fn least_role(self) -> Option<Role> {
        match self {
            Self::Open => None,
            Self::Look => Some(Role::Viewer),
            Self::Send | Self::Work => Some(Role::Operator),
            Self::Configure | Self::Server => Some(Role::Admin),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e01_each_role_may_what_those_before_it_may_and_more() {
        use Operation::{Configure, Look, Open, Send, Server, Work};
        for (role, may) in [
            (Role::Viewer, &[Open, Look] as &[Operation]),
            (Role::Operator, &[Open, Look, Send, Work]),
            (Role::Admin, &[Open, Look, Send, Work, Configure, Server]),
        ] {
            for operation in [Open, Look, Send, Work, Configure, Server] {
                assert_eq!(role.may(operation), may.contains(&operation), "{role} {operation:?}");
            }
        }
        assert_eq!(Role::ALL.map(Role::may_reveal), [false, true, true]);
    }

    #[test]
    fn e01_a_role_is_written_as_it_is_read() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
        }
        assert!("owner".parse::<Role>().is_err() && "Admin".parse::<Role>().is_err());
    }
}
