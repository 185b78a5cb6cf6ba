//! The bytes of a file as UTF-8, whatever it was written in, a piece at a time.
//!
//! A mark at its beginning says what it is; without one, it is UTF-8 if it all reads so, UTF-16 if every other byte of its beginning is
//! zero, and else Windows' Latin-1, in which every byte is a character.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::rc::Rc;

use encoding_rs::{Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

const PIECE: usize = 64 * 1024;

/// A row longer than this is a quote that nobody closed.
const MAX_ROW_BYTES: usize = 16 * 1024 * 1024;

pub struct Utf8 {
    file: File,
    decoder: Decoder,
    raw: Vec<u8>,
    text: Vec<u8>,
    at: usize,
    is_at_end: bool,
    /// Since the last row ended.
    read: Rc<Cell<usize>>,
}

impl Utf8 {
    pub fn open(path: &Path, encoding: &'static Encoding) -> io::Result<Self> {
        let file = File::open(path)?;
        let decoder = encoding.new_decoder_with_bom_removal();
        Ok(Self { file, decoder, raw: vec![0; PIECE], text: Vec::new(), at: 0, is_at_end: false, read: Rc::default() })
    }

    /// To be set to zero whenever a row has ended.
    pub fn row_bytes(&self) -> Rc<Cell<usize>> {
        self.read.clone()
    }
}

impl Read for Utf8 {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at == self.text.len() && !self.is_at_end {
            let count = self.file.read(&mut self.raw)?;
            self.is_at_end = count == 0;
            let room = self.decoder.max_utf8_buffer_length(count).unwrap_or(4 * PIECE);
            self.text.resize(room, 0);
            let (_, _, written, _) = self.decoder.decode_to_utf8(&self.raw[..count], &mut self.text, self.is_at_end);
            self.text.truncate(written);
            self.at = 0;
        }
        let count = into.len().min(self.text.len() - self.at);
        into[..count].copy_from_slice(&self.text[self.at..self.at + count]);
        self.at += count;
        self.read.set(self.read.get() + count);
        if self.read.get() > MAX_ROW_BYTES {
            return Err(io::Error::other(format!("a row is longer than {MAX_ROW_BYTES} bytes; a quote may not be closed")));
        }
        Ok(count)
    }
}

pub fn encoding_of(path: &Path) -> io::Result<&'static Encoding> {
    let mut file = File::open(path)?;
    let mut piece = vec![0; PIECE];
    let count = file.read(&mut piece)?;
    let head = &piece[..count];
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return Ok(encoding);
    }
    let zeros = |from: usize| head.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count() * 4 > count;
    if zeros(1) || zeros(0) {
        return Ok(if zeros(1) { UTF_16LE } else { UTF_16BE });
    }
    file.seek(SeekFrom::Start(0))?;
    // What a piece cuts off of a character.
    let mut kept = 0;
    loop {
        let count = file.read(&mut piece[kept..])?;
        if count == 0 {
            return Ok(if kept == 0 { UTF_8 } else { WINDOWS_1252 });
        }
        let end = kept + count;
        kept = match std::str::from_utf8(&piece[..end]) {
            Ok(_) => 0,
            Err(error) if error.error_len().is_none() => end - error.valid_up_to(),
            Err(_) => return Ok(WINDOWS_1252),
        };
        piece.copy_within(end - kept..end, 0);
    }
}
