//! Blobs in a folder and in an S3 bucket.

use base::{Error, Kind};
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use store::ByteStream;

fn pieces(total: usize, piece: usize) -> ByteStream {
    let body: Vec<u8> = (0..total).map(|n| (n % 251) as u8).collect();
    let all: Vec<_> = body
        .chunks(piece)
        .map(|part| Ok(Bytes::copy_from_slice(part)))
        .collect();
    stream::iter(all).boxed()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_blob_arrives_in_pieces_and_comes_back_the_same() {
    testkit::on_both_blobs(|blobs| async move {
        let total = 20 * 1024 * 1024 + 17;
        assert_eq!(
            blobs
                .put("1/run/artifacts/big.bin", pieces(total, 100_000))
                .await
                .unwrap(),
            total as u64
        );
        assert_eq!(
            blobs.head("1/run/artifacts/big.bin").await.unwrap().size,
            total as u64
        );
        let (size, stream) = blobs.get("1/run/artifacts/big.bin", None).await.unwrap();
        let back: Vec<Bytes> = stream.try_collect().await.unwrap();
        assert_eq!((size, back.concat().len()), (total as u64, total));
        assert!(
            back.concat()
                .iter()
                .enumerate()
                .all(|(n, byte)| *byte == (n % 251) as u8)
        );
        let (_, stream) = blobs
            .get("1/run/artifacts/big.bin", Some(10..20))
            .await
            .unwrap();
        let part: Vec<Bytes> = stream.try_collect().await.unwrap();
        assert_eq!(part.concat(), (10..20).collect::<Vec<u8>>());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_breaks_off_leaves_nothing_and_keeps_what_was_there() {
    testkit::on_both_blobs(|blobs| async move {
        blobs.put_bytes("a/file.txt", "first").await.unwrap();
        for size in [10, 20 * 1024 * 1024] {
            let broken = pieces(size, 1024 * 1024)
                .chain(stream::once(async {
                    Err(Error::unavailable("the caller hung up"))
                }))
                .boxed();
            assert!(blobs.put("a/file.txt", broken).await.is_err());
            let broken = pieces(size, 1024 * 1024)
                .chain(stream::once(async {
                    Err(Error::unavailable("the caller hung up"))
                }))
                .boxed();
            assert!(blobs.put("a/new.txt", broken).await.is_err());
        }
        assert_eq!(blobs.get_bytes("a/file.txt").await.unwrap(), "first");
        let names: Vec<String> = blobs
            .list_all("")
            .await
            .unwrap()
            .into_iter()
            .map(|meta| meta.path)
            .collect();
        assert_eq!(names, ["a/file.txt"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_are_listed_and_deleted_with_what_is_in_them() {
    testkit::on_both_blobs(|blobs| async move {
        for path in [
            "r/model/MLmodel",
            "r/model/data/x y.bin",
            "r/é.txt",
            "r/%41.txt",
        ] {
            blobs.put_bytes(path, path.to_owned()).await.unwrap();
        }
        let listed: Vec<(String, bool)> = blobs
            .list("r")
            .await
            .unwrap()
            .into_iter()
            .map(|meta| (meta.path, meta.is_folder))
            .collect();
        assert_eq!(
            listed,
            [
                ("r/%41.txt".to_owned(), false),
                ("r/model".to_owned(), true),
                ("r/é.txt".to_owned(), false)
            ]
        );
        assert_eq!(blobs.get_bytes("r/%41.txt").await.unwrap(), "r/%41.txt");
        blobs.delete("r/model").await.unwrap();
        blobs.delete("r/model").await.unwrap();
        assert_eq!(blobs.list_all("r").await.unwrap().len(), 2);
        assert_eq!(
            blobs.get_bytes("r/model/MLmodel").await.unwrap_err().kind(),
            Kind::NotFound
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_cannot_leave_the_root() {
    testkit::on_both_blobs(|blobs| async move {
        for path in [
            "../x",
            "a/../../x",
            "/etc/passwd",
            "a//b",
            "a/./b",
            "a\\..\\b",
            "a/\0",
            "",
            "a/",
            "a/..",
            "\u{7f}",
        ] {
            assert_eq!(
                blobs.put_bytes(path, "x").await.unwrap_err().kind(),
                Kind::Invalid,
                "{path:?}"
            );
            assert_eq!(
                blobs.get_bytes(path).await.unwrap_err().kind(),
                Kind::Invalid,
                "{path:?}"
            );
        }
    })
    .await;
}
