//! Whether a JPEG ends: decoders fill in what is missing of one that was cut off, and say nothing.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

const START: u8 = 0xd8;
const END: u8 = 0xd9;
const SCAN: u8 = 0xda;

/// Follows the segments to the end of the picture. What cameras append after it is not looked at.
pub fn is_whole(path: &Path) -> io::Result<bool> {
    match follow(&mut BufReader::new(File::open(path)?)) {
        Ok(whole) => Ok(whole),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn follow(file: &mut impl BufRead) -> io::Result<bool> {
    if bytes::<2>(file)? != [0xff, START] {
        return Ok(false);
    }
    let mut marker = next_marker(file)?;
    loop {
        marker = match marker {
            END => return Ok(true),
            SCAN => {
                skip_segment(file)?;
                after_scan(file)?
            }
            // Without a length.
            0x01 | 0xd0..=0xd8 => next_marker(file)?,
            _ => {
                skip_segment(file)?;
                next_marker(file)?
            }
        };
    }
}

fn bytes<const N: usize>(file: &mut impl Read) -> io::Result<[u8; N]> {
    let mut read = [0; N];
    file.read_exact(&mut read)?;
    Ok(read)
}

fn skip_segment(file: &mut impl BufRead) -> io::Result<()> {
    let length = u64::from(u16::from_be_bytes(bytes(file)?)).saturating_sub(2);
    let skipped = io::copy(&mut file.take(length), &mut io::sink())?;
    match skipped == length {
        true => Ok(()),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Any byte may fill the room before a marker, as 0xff does by the standard.
fn next_marker(file: &mut impl BufRead) -> io::Result<u8> {
    loop {
        if bytes::<1>(file)? != [0xff] {
            continue;
        }
        loop {
            match bytes::<1>(file)?[0] {
                0xff => {}
                0 => break,
                marker => return Ok(marker),
            }
        }
    }
}

/// The marker that ends a scan's data, in which 0xff stands before 0 or a restart.
fn after_scan(file: &mut impl BufRead) -> io::Result<u8> {
    loop {
        let marker = next_marker(file)?;
        if !matches!(marker, 0xd0..=0xd7) {
            return Ok(marker);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::follow;

    const PICTURE: &[u8] = &[
        0xff, 0xd8, 0xff, 0xe0, 0, 4, 0xff, 0xd9, // an end inside of a segment is none
        0xff, 0xda, 0, 2, 1, 0xff, 0, 2, 0xff, 0xd3, 3, 0xff, 0xd9,
    ];

    #[test]
    fn a_picture_ends_or_it_does_not() {
        assert!(follow(&mut &*PICTURE).unwrap());
        let followed = [PICTURE, b"a film"].concat();
        assert!(follow(&mut followed.as_slice()).unwrap());
        for cut in 0..PICTURE.len() {
            assert!(!follow(&mut &PICTURE[..cut]).unwrap_or(false), "at {cut}");
        }
    }
}
