"""The commands of `tandem`, a module each. Their imports stay light: `tandem --help` loads every one of them."""
