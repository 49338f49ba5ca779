//! A query file that is added or changed is built into the program.

fn main() {
    println!("cargo:rerun-if-changed=../queries");
}
