//! Where a backup may not be: inside what it is a backup of.

use std::{
    fs, io,
    path::{Component, Path, PathBuf},
};

use super::{BackupError, failed};

/// Refuses a place inside the data folder, whatever links lead there.
pub(super) fn require_outside(place: &Path, data: &Path) -> Result<(), BackupError> {
    let (resolved, within) = (resolve(place).map_err(failed(place))?, resolve(data).map_err(failed(data))?);
    if resolved.starts_with(&within) {
        return Err(BackupError::Inside { place: place.to_owned(), data: data.to_owned() });
    }
    Ok(())
}

/// A path without links, of which the end need not exist.
fn resolve(path: &Path) -> io::Result<PathBuf> {
    let mut resolved = PathBuf::new();
    for component in std::path::absolute(path)?.components() {
        match component {
            Component::ParentDir => {
                resolved.pop();
            }
            component => resolved.push(component),
        }
        match fs::canonicalize(&resolved) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            canonical => resolved = canonical?,
        }
    }
    Ok(resolved)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn no_link_leads_a_backup_into_the_data_folder() {
        let folder = tempfile::tempdir().unwrap();
        let (data, beside) = (folder.path().join("data"), folder.path().join("beside"));
        fs::create_dir_all(data.join("objects")).unwrap();
        fs::create_dir(&beside).unwrap();
        symlink(&data, folder.path().join("link")).unwrap();
        symlink(data.join("objects"), beside.join("link")).unwrap();
        let link = folder.path().join("link");
        let is_outside = |place: &Path, data: &Path| require_outside(place, data).is_ok();
        for data in [&data, &link] {
            for place in
                ["data", "data/new/monday.tar", "link/monday", "beside/link/new", "beside/../data/new"]
            {
                assert!(!is_outside(&folder.path().join(place), data), "{place}");
            }
            for place in ["beside", "data.tar", "data-monday/new", "data/../new", "link/../new.tar"] {
                assert!(is_outside(&folder.path().join(place), data), "{place}");
            }
        }
    }
}
