//! From an artist's files to checked frames in turn order, and from one file to pixels.

pub mod source;

pub mod naming;

pub mod integrity;

pub mod survey;

pub mod decode;

pub mod limits;
pub mod refusal;
pub mod remark;
