//! Whether each scan of a progressive JPEG ends where its data does.
//!
//! Damage in a scan moves what follows it by some blocks. In a scan that refines others it shows in nothing else: each code
//! stands for something, and libjpeg-turbo reads ahead, so that it takes eight bytes too few or too many for sound. So all
//! codes are read once more here, for nothing but their lengths.

use jpeg_still::Error;

use crate::read::integrity::jpeg::segments::{DHT, RST0, RST7, SOS, Segment};

const PROGRESSIVE_BY_HUFFMAN: u8 = 0xc2;
const DRI: u8 = 0xdd;
const BLOCK: usize = 8;
const LAST_COEFFICIENT: usize = 63;

/// Refuses a picture with a scan that has more data than its blocks take, or less. Pictures that are not progressive, or not
/// by Huffman codes, are not looked at.
pub(super) fn refuse_misfits<'a>(segments: impl Iterator<Item = Segment<'a>>) -> Result<(), Error> {
    let mut tables = Tables::default();
    let (mut picture, mut restart) = (None, 0);
    for segment in segments {
        match segment.marker {
            PROGRESSIVE_BY_HUFFMAN => picture = Picture::read(segment.content),
            DHT => tables.define(segment.content),
            DRI => {
                restart = segment.content.first_chunk().map_or(0, |&bytes| u16::from_be_bytes(bytes).into());
            }
            SOS => {
                if let Some(picture) = &mut picture
                    && picture.walk(&segment, &tables, restart).is_none()
                {
                    return Err(Error::Damaged("a scan that does not end where its data does".into()));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// A Huffman table (annex C), by the lengths of its codes.
#[derive(Default)]
struct Table {
    values: Vec<u8>,
    /// Of each length, the code behind the last one, and where its first value is less the first code.
    lengths: [(i32, i32); 17],
}

impl Table {
    fn symbol(&self, data: &mut Data<'_>) -> Option<(usize, usize)> {
        let mut code = 0;
        for &(behind, offset) in &self.lengths[1..] {
            code = code << 1 | data.bits(1)? as i32;
            if code < behind {
                let value = *self.values.get((code + offset) as usize)?;
                return Some((usize::from(value >> 4), usize::from(value & 15)));
            }
        }
        None
    }
}

/// By class and number, as a segment names them.
#[derive(Default)]
struct Tables([[Table; 4]; 2]);

impl Tables {
    fn define(&mut self, mut rest: &[u8]) {
        const COUNTS: usize = 16;
        while let Some((&class_and_id, table)) = rest.split_first() {
            let Some((counts, values)) = table.split_at_checked(COUNTS) else { return };
            let total: usize = counts.iter().copied().map(usize::from).sum();
            let mut table =
                Table { values: values.iter().copied().take(total).collect(), ..Table::default() };
            let (mut code, mut value) = (0, 0);
            for (length, &count) in counts.iter().enumerate() {
                let behind = code + i32::from(count);
                table.lengths[length + 1] = (behind, value - code);
                (code, value) = (behind << 1, value + i32::from(count));
            }
            if let Some(place) = self.0.get_mut(usize::from(class_and_id >> 4)) {
                place[usize::from(class_and_id & 3)] = table;
            }
            rest = values.get(total..).unwrap_or_default();
        }
    }
}

/// The compressed data of a scan, bit by bit.
struct Data<'a> {
    rest: &'a [u8],
    byte: u8,
    left: u32,
}

impl Data<'_> {
    /// So many bits, the first one highest.
    fn bits(&mut self, count: usize) -> Option<u32> {
        let mut bits = 0;
        for _ in 0..count {
            if self.left == 0 {
                (self.byte, self.rest) = match *self.rest {
                    [0xff, 0, ref rest @ ..] => (0xff, rest),
                    [0xff, ..] | [] => return None,
                    [byte, ref rest @ ..] => (byte, rest),
                };
                self.left = 8;
            }
            self.left -= 1;
            bits = bits << 1 | u32::from(self.byte >> self.left & 1);
        }
        Some(bits)
    }

    /// Whether nothing but the filling of the last byte is left.
    fn is_used_up(&self) -> bool {
        matches!(self.rest, [0xff, 1..=u8::MAX, ..] | [0xff] | [])
    }

    /// Goes on behind a restart marker, which may have fill bytes before it.
    fn restart(&mut self) -> Option<()> {
        while self.rest.starts_with(&[0xff, 0xff]) {
            self.rest = &self.rest[1..];
        }
        let [0xff, RST0..=RST7, rest @ ..] = self.rest else { return None };
        (self.rest, self.left) = (rest, 0);
        Some(())
    }
}

/// A component: how it is sampled, its blocks in both directions, and which coefficients of each are known not to be zero.
struct Component {
    id: u8,
    sampled: (usize, usize),
    blocks: (usize, usize),
    known: Vec<u64>,
}

struct Picture {
    components: Vec<Component>,
    /// Blocks of all components that stand together, in both directions.
    units: (usize, usize),
}

/// Which coefficients of a block a scan brings, and whether it refines them.
#[derive(Clone, Copy)]
struct Band {
    from: usize,
    to: usize,
    refines: bool,
}

impl Picture {
    /// By the header of its frame (B.2.2).
    fn read(header: &[u8]) -> Option<Self> {
        let [_, height @ .., _] = *header.first_chunk::<6>()?;
        let [high, low, left, right] = height;
        let (height, width) = (u16::from_be_bytes([high, low]), u16::from_be_bytes([left, right]));
        let (width, height) = (usize::from(width), usize::from(height));
        let sampled: Vec<(u8, (usize, usize))> = header[6..]
            .chunks_exact(3)
            .map(|one| (one[0], (usize::from(one[1] >> 4), usize::from(one[1] & 15))))
            .collect();
        let most = (
            sampled.iter().map(|(_, (across, _))| *across).max().filter(|most| *most > 0)?,
            sampled.iter().map(|(_, (_, down))| *down).max().filter(|most| *most > 0)?,
        );
        let blocks =
            |pixels: usize, sampled: usize, most: usize| (pixels * sampled).div_ceil(most).div_ceil(BLOCK);
        let component = |(id, sampled): (u8, (usize, usize))| {
            let blocks = (blocks(width, sampled.0, most.0), blocks(height, sampled.1, most.1));
            Component { id, sampled, blocks, known: Vec::new() }
        };
        let units = (width.div_ceil(BLOCK * most.0), height.div_ceil(BLOCK * most.1));
        Some(Self { components: sampled.into_iter().map(component).collect(), units })
    }

    /// Reads a scan, by its header (B.2.3); `None` where it does not end with its data.
    fn walk(&mut self, scan: &Segment<'_>, tables: &Tables, restart: usize) -> Option<()> {
        let (selected, &[from, to, bits]) = scan.content.get(1..)?.split_last_chunk()?;
        let band = Band { from: from.into(), to: to.into(), refines: bits >> 4 > 0 };
        if band.from > band.to || band.to > LAST_COEFFICIENT {
            return None;
        }
        let mut data = Data { rest: scan.behind, byte: 0, left: 0 };
        if band.from == 0 {
            self.walk_means(selected, band, tables, restart, &mut data)?;
        } else {
            self.walk_band(selected, band, tables, restart, &mut data)?;
        }
        data.is_used_up().then_some(())
    }

    /// The means of blocks (G.1.2.1), of one component or of several that stand together.
    fn walk_means(
        &self,
        selected: &[u8],
        band: Band,
        tables: &Tables,
        restart: usize,
        data: &mut Data<'_>,
    ) -> Option<()> {
        let mut unit = Vec::new();
        let mut units = self.units.0 * self.units.1;
        let is_alone = selected.len() == 2;
        for one in selected.chunks_exact(2) {
            let component = self.components.iter().find(|component| component.id == one[0])?;
            let table = &tables.0[0][usize::from(one[1] >> 4 & 3)];
            if is_alone {
                units = component.blocks.0 * component.blocks.1;
            }
            let blocks = if is_alone { 1 } else { component.sampled.0 * component.sampled.1 };
            unit.extend(std::iter::repeat_n(table, blocks));
        }
        for place in 0..units {
            if restart > 0 && place > 0 && place % restart == 0 {
                data.is_used_up().then_some(())?;
                data.restart()?;
            }
            for table in &unit {
                let bits = if band.refines { 1 } else { table.symbol(data)?.1 };
                data.bits(bits)?;
            }
        }
        Some(())
    }

    /// Other coefficients (G.1.2.2 and G.1.2.3), which are of one component.
    fn walk_band(
        &mut self,
        selected: &[u8],
        band: Band,
        tables: &Tables,
        restart: usize,
        data: &mut Data<'_>,
    ) -> Option<()> {
        let &[id, table] = selected else { return None };
        let table = &tables.0[1][usize::from(table & 3)];
        let component = self.components.iter_mut().find(|component| component.id == id)?;
        component.known.resize(component.blocks.0 * component.blocks.1, 0);
        // Blocks to come that have no further coefficient.
        let mut ended = 0;
        for (place, known) in component.known.iter_mut().enumerate() {
            if restart > 0 && place > 0 && place % restart == 0 {
                (ended == 0 && data.is_used_up()).then_some(())?;
                data.restart()?;
            }
            if band.refines {
                refined(known, band, table, &mut ended, data)?;
            } else {
                first(known, band, table, &mut ended, data)?;
            }
        }
        (ended == 0).then_some(())
    }
}

/// The first bits of a block's coefficients.
fn first(known: &mut u64, band: Band, table: &Table, ended: &mut u32, data: &mut Data<'_>) -> Option<()> {
    if *ended > 0 {
        *ended -= 1;
        return Some(());
    }
    let mut at = band.from;
    while at <= band.to {
        match table.symbol(data)? {
            (15, 0) => at += 16,
            (run, 0) => {
                *ended = (1 << run) - 1 + data.bits(run)?;
                return Some(());
            }
            (run, size) => {
                at += run;
                data.bits(size)?;
                (at <= LAST_COEFFICIENT).then(|| *known |= 1 << at)?;
                at += 1;
            }
        }
    }
    Some(())
}

/// A further bit of a block's coefficients: a bit for each that is known not to be zero, and codes for the others.
fn refined(known: &mut u64, band: Band, table: &Table, ended: &mut u32, data: &mut Data<'_>) -> Option<()> {
    let mut at = band.from;
    let mut new = 0;
    while *ended == 0 && at <= band.to {
        let (mut run, size) = table.symbol(data)?;
        match size {
            0 if run < 15 => {
                *ended = (1 << run) + data.bits(run)?;
                break;
            }
            0 => {}
            1 => {
                data.bits(1)?;
            }
            _ => return None,
        }
        while at <= band.to {
            if *known >> at & 1 == 1 {
                data.bits(1)?;
            } else if run == 0 {
                break;
            } else {
                run -= 1;
            }
            at += 1;
        }
        if size == 1 {
            (at <= band.to).then(|| new |= 1 << at)?;
        }
        at += 1;
    }
    if *ended > 0 {
        let rest = (at..=band.to).filter(|at| *known >> at & 1 == 1).count();
        for _ in 0..rest {
            data.bits(1)?;
        }
        *ended -= 1;
    }
    *known |= new;
    Some(())
}
