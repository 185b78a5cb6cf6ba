//! Writes messy databases and their truth: `cargo run --example messy -- DIR [HOW MANY] [FIRST SEED]`; `fathom eval DIR` reads them.
#![allow(dead_code, reason = "the generator is the tests'; not all of it is used here")]

#[path = "../tests/it/messy/mod.rs"]
mod messy;
#[path = "../tests/it/messy/write.rs"]
mod messy_write;

use std::path::PathBuf;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let folder = PathBuf::from(words.first().ok_or("name a folder: cargo run --example messy -- DIR [HOW MANY] [FIRST SEED]")?);
    let number = |at: usize, default: u64| words.get(at).map_or(Ok(default), |word| word.parse());
    let (many, first) = (number(1, 20)?, number(2, 0)?);
    messy_write::write_folder(&folder, first..first + many).await?;
    println!("{many} databases are in {}", folder.display());
    Ok(())
}
