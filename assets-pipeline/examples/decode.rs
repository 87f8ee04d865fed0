//! Decodes the files that standard input names, a line each with where the pixels go behind a tab, and says
//! in a line what came of each: `decoded`, the profile that was converted from and how many remarks there are; or `refused`,
//! the kind of refusal and its sentence. Pixels are written as PAM.

#![allow(clippy::print_stdout, reason = "what it says is what it is for")]

use std::io::{self, BufRead};
use std::path::Path;
use std::{error, fs};

use assets_pipeline::read::decode::decode;
use assets_pipeline::read::limits::Limits;

fn main() -> Result<(), Box<dyn error::Error>> {
    for line in io::stdin().lock().lines() {
        let line = line?;
        let (from, to) = line.split_once('\t').ok_or("A line has a file, a tab and where its pixels go.")?;
        let name = Path::new(from).file_name().unwrap_or_default().to_string_lossy();
        match decode(&name, &fs::read(from)?, &Limits::default()) {
            Ok(decoded) => {
                let (width, height) = decoded.image.dimensions();
                let header = format!(
                    "P7\nWIDTH {width}\nHEIGHT {height}\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n"
                );
                fs::write(to, [header.as_bytes(), decoded.image.as_raw()].concat())?;
                let profile = decoded.converted_profile.unwrap_or_default();
                println!("decoded\t{profile}\t{} remarks", decoded.remarks.len());
            }
            Err(refusal) => println!("refused\t{}\t{refusal}", refusal.slug()),
        }
    }
    Ok(())
}
