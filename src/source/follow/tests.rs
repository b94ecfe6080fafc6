//! A file that is followed while it is rotated: every line once, in order.

use super::*;
use std::fs::OpenOptions;
use std::io::Write;
use std::sync::mpsc::{Receiver, channel};

/// A file that is followed on another thread.
struct Followed {
    folder: tempfile::TempDir,
    path: PathBuf,
    bytes: Receiver<Vec<u8>>,
    lost: Arc<AtomicU64>,
    read: String,
}

impl Followed {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.log");
        fs::write(&path, text).unwrap();
        fs::write(folder.path().join("app.log.9"), "from before\n").unwrap();
        let lost = Arc::default();
        let mut follow = Follow::new(&path, File::open(&path).unwrap(), Arc::clone(&lost));
        let (sender, bytes) = channel();
        thread::spawn(move || {
            let mut buffer = vec![0; 64];
            while let Ok(read) = follow.read(&mut buffer)
                && sender.send(buffer[..read].to_vec()).is_ok()
            {}
        });
        Followed { folder, path, bytes, lost, read: String::new() }
    }

    fn append(&self, text: &str) {
        let mut file = OpenOptions::new().append(true).create(true).open(&self.path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn cut(&self) {
        File::create(&self.path).unwrap();
    }

    /// Waits until all that was read is `expected`.
    fn reads(&mut self, expected: &str) {
        while self.read != expected {
            let Ok(bytes) = self.bytes.recv_timeout(Duration::from_secs(5)) else {
                panic!("{:?} instead of {expected:?}", self.read)
            };
            self.read.push_str(&String::from_utf8(bytes).unwrap());
            assert!(expected.starts_with(&self.read), "{:?} instead of {expected:?}", self.read);
        }
    }

    fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

/// `from..to` as lines of eight bytes.
fn lines(from: usize, to: usize) -> String {
    (from..to).map(|line| format!("line{line:3}\n")).collect()
}

#[test]
fn a_file_that_grows_is_read_on() {
    let mut file = Followed::new(&lines(0, 20));
    file.reads(&lines(0, 20));
    file.append(&lines(20, 50));
    file.reads(&lines(0, 50));
}

/// The rest of the old file comes before the new one, whether it is renamed or deleted, and before anything was read of it.
#[cfg(unix)]
#[test]
fn a_replaced_file_is_read_to_its_end() {
    for read_before in [true, false] {
        for rename in [true, false] {
            let mut file = Followed::new(&lines(0, 20));
            if read_before {
                file.reads(&lines(0, 20));
            }
            file.append(&lines(20, 40));
            match rename {
                true => fs::rename(&file.path, file.beside("app.log.1")).unwrap(),
                false => fs::remove_file(&file.path).unwrap(),
            }
            file.append(&lines(40, 60));
            file.reads(&lines(0, 60));
            file.append(&lines(60, 61));
            file.reads(&lines(0, 61));
            assert_eq!(file.lost(), 0);
        }
    }
}

/// A busy service rotates faster than anybody looks.
#[cfg(unix)]
#[test]
fn files_that_came_and_went_between_two_looks_are_read() {
    let mut file = Followed::new(&lines(0, 20));
    file.reads(&lines(0, 20));
    fs::write(file.beside("app.log.4.gz"), "an archive\n").unwrap();
    fs::write(file.beside("app.log.idx"), "an index\n").unwrap();
    // As Python's RotatingFileHandler does it.
    for part in 1..4 {
        for number in (1..part).rev() {
            fs::rename(file.beside(&format!("app.log.{number}")), file.beside(&format!("app.log.{}", number + 1)))
                .unwrap();
        }
        fs::rename(&file.path, file.beside("app.log.1")).unwrap();
        file.append(&lines(20 * part, 20 * part + 20));
    }
    file.reads(&lines(0, 80));
    assert_eq!(file.lost(), 0);
}

/// A service writes to the renamed file until it is told to open the new one.
#[cfg(unix)]
#[test]
fn what_is_still_written_to_the_renamed_file_is_read() {
    let mut file = Followed::new(&lines(0, 3));
    let mut late = OpenOptions::new().append(true).open(&file.path).unwrap();
    fs::rename(&file.path, file.beside("app.log.1")).unwrap();
    late.write_all(lines(3, 5).as_bytes()).unwrap();
    file.reads(&lines(0, 5));
    file.append("");
    late.write_all(lines(5, 7).as_bytes()).unwrap();
    file.reads(&lines(0, 7));
    file.append(&lines(7, 9));
    file.reads(&lines(0, 9));
    late.write_all(lines(9, 10).as_bytes()).unwrap();
    file.reads(&lines(0, 10));
    file.append(&lines(10, 11));
    file.reads(&lines(0, 11));
}

/// `copytruncate`, with lines that nobody had read when the copy was made.
#[test]
fn what_a_copy_kept_is_not_lost() {
    let mut file = Followed::new(&lines(0, 50));
    file.reads(&lines(0, 50));
    file.append(&lines(50, 60));
    fs::copy(&file.path, file.beside("app.log.1")).unwrap();
    file.cut();
    file.append(&lines(60, 62));
    file.reads(&lines(0, 62));
    assert_eq!(file.lost(), 0);
}

#[test]
fn a_file_that_was_cut_is_read_from_its_start_and_counted() {
    let mut file = Followed::new(&lines(0, 50));
    file.reads(&lines(0, 50));
    file.cut();
    file.append(&lines(50, 52));
    file.reads(&lines(0, 52));
    assert_eq!(file.lost(), 1);
}

/// Between two looks it was cut and grew longer than before.
#[test]
fn a_file_that_was_cut_and_has_grown_beyond_its_length_is_noticed() {
    let mut file = Followed::new(&lines(0, 5));
    file.reads(&lines(0, 5));
    // One write in place of the old text: no moment at which it is short.
    let mut text = OpenOptions::new().write(true).open(&file.path).unwrap();
    text.write_all(lines(5, 40).as_bytes()).unwrap();
    file.reads(&lines(0, 40));
    assert_eq!(file.lost(), 1);
}

/// The half line is one of its own, and does not run into the first of the new file.
#[test]
fn a_line_whose_rest_is_gone_is_ended() {
    let mut file = Followed::new("line  0\nhalf");
    file.reads("line  0\nhalf");
    file.cut();
    file.append(&lines(1, 3));
    file.reads(&format!("line  0\nhalf\n{}", lines(1, 3)));
    #[cfg(unix)]
    {
        file.append("half");
        fs::remove_file(&file.path).unwrap();
        file.append(&lines(3, 4));
        file.reads(&format!("line  0\nhalf\n{}half\n{}", lines(1, 3), lines(3, 4)));
    }
}
