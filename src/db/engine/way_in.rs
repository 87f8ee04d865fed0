//! Why a Postgres server does not let this program in, as far as an operator can do something about it.

use std::{error::Error, io};

use sqlx::postgres::PgDatabaseError;

use super::postgres::state;

/// What to do about a connection that could not be made; `None` where it is not known.
pub fn way_in(error: &sqlx::Error) -> Option<&'static str> {
    const PORT: &str = "Something else than Postgres answers there, or it ends the connection: check host and port of \
        database.url (or --to), 5432 if it names none, and that its log says nothing.";
    Some(match error {
        sqlx::Error::Configuration(_) => {
            "database.url (or --to) must be as postgres://user:password@host:5432/database."
        }
        sqlx::Error::Tls(_) => {
            "TLS could not be agreed on: sslmode in database.url (or --to) says what is wanted. sslmode=disable is for a server \
             without TLS; verify-ca and verify-full take the authority's certificate as sslrootcert=FILE."
        }
        sqlx::Error::Protocol(_) => PORT,
        sqlx::Error::Io(error) => match error.kind() {
            io::ErrorKind::ConnectionRefused => {
                "No server listens at this host and port: check both in database.url (or --to), 5432 if it names no port, and that \
                 the server runs and listens there (listen_addresses)."
            }
            io::ErrorKind::TimedOut => {
                "No answer comes from this host and port: check both in database.url (or --to), and firewalls between."
            }
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
                "This machine has no way to that host: check it in database.url (or --to), and the network."
            }
            io::ErrorKind::NotFound => {
                "There is no socket of a server in that folder: check host in database.url (or --to)."
            }
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::InvalidData => {
                PORT
            }
            _ if error.to_string().contains("lookup") => {
                "The host's name is not known: check it in database.url (or --to)."
            }
            _ => return None,
        },
        sqlx::Error::Database(answer) => match (state(error)?, answer.message()) {
            ("28000", said) if said.contains("SSL") || said.contains("encryption") => {
                "The server takes this user and host with TLS alone, or without it alone: set sslmode in database.url (or --to), or \
                 change its pg_hba.conf."
            }
            ("28000" | "28P01", _) => {
                "The server does not accept the user or the password: check both in database.url (or --to); a password has to be \
                 percent-encoded there. Its pg_hba.conf says who may connect from where."
            }
            ("3D000", _) => "Create the database (createdb), or correct its name in database.url (or --to).",
            ("42501", _) => "Give the user the right to connect to the database: grant connect on database.",
            ("53300", _) => {
                "Every connection of the server is taken: raise max_connections, or lower the pools under [database]."
            }
            ("57P03", _) => {
                "The server is starting or stopping: run the same command again when it takes connections."
            }
            ("08P01", said) if said.contains("startup parameter") => {
                "A pooler is between that does not pass on what a connection begins with: name the server itself in database.url, or \
                 use the pooler's session mode with ignore_startup_parameters = options."
            }
            _ => return None,
        },
        _ => return None,
    })
}

/// What the server says, without the line of its own source code that the driver puts behind; `None` for other errors.
pub fn said(error: &(dyn Error + 'static)) -> Option<String> {
    if let Some(answer) = error.downcast_ref::<PgDatabaseError>() {
        return Some(answer.message().to_owned());
    }
    match error.downcast_ref()? {
        sqlx::Error::Database(answer) => {
            answer.try_downcast_ref::<PgDatabaseError>().map(|answer| answer.message().to_owned())
        }
        _ => None,
    }
}
