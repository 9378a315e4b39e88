//! Turns `proto/` into Rust; no protoc is needed.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=proto");
    let files = ["node", "group", "event"].map(|name| format!("proto/{name}.proto"));
    let files = protox::compile(files, ["proto"])?;
    prost_build::Config::new().compile_fds(files)?;
    Ok(())
}
