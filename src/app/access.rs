//! Who may read the data folder: its owner alone. The database has keys in it that sign addresses and open protected spins,
//! and frames of unreleased pieces wait beside it.

use std::{
    ffi::OsStr,
    fs::{self, Permissions},
    io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
};

use rustix::{
    fs::Mode,
    process::{geteuid, umask},
};

/// What root writes into the data of another user is closed to that user, and a server that runs as the user cannot read
/// it. Answers whom the data belongs to, where this process is root and the database is not root's.
pub(super) fn other_owner(data: &Path) -> Option<u32> {
    let owner = fs::metadata(data.join(crate::db::FILE)).ok()?.uid();
    (geteuid().is_root() && owner != 0).then_some(owner)
}

/// The bits of every other user.
const OTHERS: u32 = 0o077;
/// What Girasol lays down in a data folder, apart from files that begin with the database's name.
const OWN: [&str; 5] = ["cache", "incoming", "objects", "work", "girasol.toml"];

/// Makes the folder where it is missing. From now on nothing that this process makes can be read by other users; what an
/// older version has made is closed to them.
pub(super) fn close_to_others(data: &Path) -> io::Result<()> {
    umask(Mode::RWXG | Mode::RWXO);
    fs::create_dir_all(data)?;
    let mut is_own = true;
    for entry in fs::read_dir(data)? {
        let entry = entry?;
        let name = entry.file_name();
        if is_database(&name) || OWN[..4].iter().any(|own| name == *own) {
            close(&entry.path());
        } else {
            is_own &= name == OWN[4];
        }
    }
    // A folder that is not Girasol's alone, such as /srv, is for its owner to close. What matters in it is closed.
    if is_own {
        close(data);
    }
    Ok(())
}

/// The database, its write-ahead log and the rest of its files.
fn is_database(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with(crate::db::FILE))
}

/// Closes a file or folder to other users. One that cannot be closed is named in the log.
fn close(path: &Path) {
    let closed = fs::metadata(path).and_then(|metadata| {
        let mode = metadata.permissions().mode();
        if mode & OTHERS == 0 {
            return Ok(());
        }
        fs::set_permissions(path, Permissions::from_mode(mode & 0o7777 & !OTHERS))
    });
    match closed {
        // SQLite deletes its log with the last connection.
        Err(error) if error.kind() != io::ErrorKind::NotFound => tracing::warn!(
            path = %path.display(),
            %error,
            "other users of this machine may read this file or folder, which has secrets in it, and it cannot be closed to \
             them: chmod go= it as its owner"
        ),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    fn make(folder: &Path, names: &[&str]) {
        for name in names {
            fs::write(folder.join(name), "").unwrap();
            fs::set_permissions(folder.join(name), Permissions::from_mode(0o644)).unwrap();
        }
        fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn what_an_older_version_has_left_open_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let files = ["girasol.db", "girasol.db-wal", "girasol.db-shm", "girasol.db.lock"];
        make(folder.path(), &files);
        fs::create_dir(folder.path().join("incoming")).unwrap();
        fs::set_permissions(folder.path().join("incoming"), Permissions::from_mode(0o775)).unwrap();
        close_to_others(folder.path()).unwrap();
        assert_eq!(mode(folder.path()), 0o700);
        assert_eq!(mode(&folder.path().join("incoming")), 0o700);
        for file in files {
            assert_eq!(mode(&folder.path().join(file)), 0o600, "{file}");
        }
    }

    #[test]
    fn root_does_not_write_into_the_data_of_another_user() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(other_owner(folder.path()), None);
        make(folder.path(), &["girasol.db"]);
        assert_eq!(other_owner(folder.path()), None);
        if geteuid().is_root() {
            std::os::unix::fs::chown(folder.path().join("girasol.db"), Some(65_534), None).unwrap();
            assert_eq!(other_owner(folder.path()), Some(65_534));
        }
    }

    #[test]
    fn a_folder_that_others_use_too_stays_open_around_what_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        make(folder.path(), &["girasol.db", "notes.txt"]);
        close_to_others(folder.path()).unwrap();
        assert_eq!(mode(folder.path()), 0o755);
        assert_eq!(mode(&folder.path().join("notes.txt")), 0o644);
        assert_eq!(mode(&folder.path().join("girasol.db")), 0o600);
    }
}
