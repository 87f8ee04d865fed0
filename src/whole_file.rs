//! Files that appear whole: they are written beside their place and then renamed, so that a reader sees the former file
//! or the new one, never a part.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use tempfile::{Builder, NamedTempFile};

/// A new file in the folder of `path`, whose name begins with a dot. `persist` moves it to its place; dropped before that,
/// it is deleted. It is readable as far as the umask has it, as any other file.
pub(crate) fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder(path))
}

/// Opens a file to read it. What is no file is an error, and does not hold up its reader as a pipe without a writer would.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true);
    // Without effect on files.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        rustix::fs::OFlags::NONBLOCK.bits().cast_signed(),
    );
    let file = options.open(path)?;
    let kind = file.metadata()?.file_type();
    if kind.is_file() {
        return Ok(file);
    }
    let what = if kind.is_dir() { "it is a folder and no file" } else { "it is no plain file" };
    Err(io::Error::new(io::ErrorKind::InvalidInput, what))
}

/// Reads a whole file, as [`open`] opens it.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = open(path)?;
    let mut bytes = Vec::with_capacity(file.metadata()?.len().try_into().unwrap_or_default());
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
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

    #[test]
    fn what_is_no_file_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let (file, pipe) = (folder.path().join("file"), folder.path().join("pipe"));
        fs::write(&file, b"bytes").unwrap();
        assert_eq!(read(&file).unwrap(), b"bytes");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
        assert_eq!(read(&pipe).unwrap_err().to_string(), "it is no plain file");
        assert_eq!(read(folder.path()).unwrap_err().to_string(), "it is a folder and no file");
        assert_eq!(read(&folder.path().join("nothing")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
