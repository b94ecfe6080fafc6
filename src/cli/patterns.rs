use crate::classify::Library;
use std::io::{self, Write};
use std::sync::Arc;
pub fn list(_l: &Library, _r: bool, _o: &mut impl Write) -> io::Result<()> {
    Ok(())
}
pub fn show(_l: &Library, _n: &str, _o: &mut impl Write) -> io::Result<bool> {
    Ok(true)
}
pub fn test(_l: &Arc<Library>, _o: &mut impl Write) -> io::Result<usize> {
    Ok(0)
}
pub fn explain(_l: &Arc<Library>, _i: &str, _o: &mut impl Write) -> io::Result<()> {
    Ok(())
}
