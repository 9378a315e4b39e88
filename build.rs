//! Turns `proto/` into Rust; no protoc is needed.

use std::path::PathBuf;

/// What is served over gRPC.
const SERVICES: [&str; 5] = [
    "proto/auth.proto",
    "proto/chat.proto",
    "proto/media.proto",
    "proto/message.proto",
    "proto/user.proto",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=proto");
    let files = ["node", "group", "event"].map(|name| format!("proto/{name}.proto"));
    let files = protox::compile(files, ["proto"])?;
    prost_build::Config::new().compile_fds(files)?;
    compile_services()
}

/// The services for the program, and their clients for its tests, each in a folder of its own.
fn compile_services() -> Result<(), Box<dyn std::error::Error>> {
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("no OUT_DIR")?);
    let files = protox::compile(SERVICES, ["proto"])?;
    for (folder, is_server) in [("services", true), ("clients", false)] {
        let folder = out.join(folder);
        std::fs::create_dir_all(&folder)?;
        tonic_prost_build::configure()
            .build_server(is_server)
            .build_client(!is_server)
            .build_transport(!is_server)
            .out_dir(folder)
            .compile_fds(files.clone())?;
    }
    // What reflection answers from.
    let bytes = prost::Message::encode_to_vec(&files);
    std::fs::write(out.join("services.bin"), bytes)?;
    Ok(())
}
