//! Files that appear whole: they are written beside their place and then renamed, so that a reader sees the former file
//! or the new one, never a part.

use std::{io, path::Path};

use tempfile::{Builder, NamedTempFile};

/// A new file in the folder of `path`, whose name begins with a dot. `persist` moves it to its place; dropped before that,
/// it is deleted. It is readable as far as the umask has it, as any other file.
pub(crate) fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder(path))
}

/// The folder that a file is in.
pub(crate) fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(all(test, unix))]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[test]
    fn a_file_has_the_permissions_that_any_file_has() {
        let folder = tempfile::tempdir().unwrap();
        let (plain, whole) = (folder.path().join("plain"), folder.path().join("whole"));
        fs::write(&plain, b"").unwrap();
        beside(&whole).unwrap().persist(&whole).unwrap();
        let mode = |path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(whole), mode(plain));
    }
}
