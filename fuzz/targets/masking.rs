#![no_main]

logwatch_fuzz::target!(masking);
