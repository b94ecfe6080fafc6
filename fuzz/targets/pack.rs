#![no_main]

logwatch_fuzz::target!(pack);
