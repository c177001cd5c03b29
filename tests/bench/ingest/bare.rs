//! The yardstick: an actix-web handler that reads bodies and keeps their bytes, with the same fsync grouping.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::mpsc::{Receiver, Sender, channel};

use actix_web::web::{self, Data, Payload};
use actix_web::{App, HttpResponse, HttpServer};
use futures_util::StreamExt;
use tokio::sync::oneshot;

/// The file is zero-filled in advance, as our segments are, and written over from the start when it is full.
const FILE_BYTES: u64 = 256 << 20;

struct Waiting {
    body: Vec<u8>,
    durable: oneshot::Sender<()>,
}

/// Serves until it is ended.
pub fn serve() -> io::Result<()> {
    let file = zero_filled("bare.bin")?;
    let (sender, receiver) = channel();
    std::thread::spawn(move || commit(&file, &receiver).expect("the disk takes it"));
    actix_web::rt::System::new().block_on(async move {
        let sender = Data::new(sender);
        let app = move || App::new().app_data(sender.clone()).default_service(web::to(keep));
        let server = HttpServer::new(app).workers(2).bind("127.0.0.1:0")?;
        let address = server.addrs()[0];
        println!("bare is ready: xapi=http://{address}/xapi admin=http://{address}");
        server.run().await
    })
}

async fn keep(
    request: actix_web::HttpRequest,
    sender: Data<Sender<Waiting>>,
    mut payload: Payload,
) -> actix_web::Result<HttpResponse> {
    let length = request.headers().get("content-length").and_then(|value| value.to_str().ok()?.parse().ok());
    let mut body = Vec::with_capacity(length.unwrap_or_default());
    while let Some(chunk) = payload.next().await {
        body.extend_from_slice(&chunk?);
    }
    let (durable, confirmed) = oneshot::channel();
    sender.send(Waiting { body, durable }).expect("the committer runs");
    confirmed.await.expect("the committer runs");
    Ok(HttpResponse::Ok().finish())
}

/// Writes all that wait with one write, and syncs once.
fn commit(file: &File, receiver: &Receiver<Waiting>) -> io::Result<()> {
    let mut offset = 0;
    let mut group = Vec::new();
    while let Ok(first) = receiver.recv() {
        let waiting: Vec<_> = std::iter::once(first).chain(receiver.try_iter()).collect();
        group.clear();
        waiting.iter().for_each(|one| group.extend_from_slice(&one.body));
        if offset + group.len() as u64 > FILE_BYTES {
            offset = 0;
        }
        file.write_all_at(&group, offset)?;
        offset += group.len() as u64;
        rustix::fs::fdatasync(file)?;
        for one in waiting {
            // A client that left does not want to know.
            let _ = one.durable.send(());
        }
    }
    Ok(())
}

fn zero_filled(name: &str) -> io::Result<File> {
    let file = OpenOptions::new().create(true).truncate(true).write(true).open(name)?;
    let zeros = vec![0; 1 << 20];
    for block in 0..FILE_BYTES >> 20 {
        file.write_all_at(&zeros, block << 20)?;
    }
    file.sync_all()?;
    Ok(file)
}
