"""Writes recordings by the mcap and mcap-ros2-support packages for bag_test.go:
write_bag.py FOLDER. Pixel (x, y) of picture i has red x + i, green 2 y, blue 50."""
import io
import struct
import sys

import numpy as np
from mcap.writer import CompressionType, IndexType
from mcap.writer import Writer as MCAPWriter
from mcap_ros2.writer import Writer
from PIL import Image

TIME = "builtin_interfaces/Time stamp\nstring frame_id\n" + "=" * 80 + "\nMSG: builtin_interfaces/Time\nint32 sec\nuint32 nanosec\n"
HEADER = "=" * 80 + "\nMSG: std_msgs/Header\n" + TIME
IMAGE = "std_msgs/Header header\nuint32 height\nuint32 width\nstring encoding\nuint8 is_bigendian\nuint32 step\nuint8[] data\n" + HEADER
COMPRESSED = "std_msgs/Header header\nstring format\nuint8[] data\n" + HEADER
INFO = ("std_msgs/Header header\nuint32 height\nuint32 width\nstring distortion_model\nfloat64[] d\nfloat64[9] k\nfloat64[9] r\nfloat64[12] p\n"
        "uint32 binning_x\nuint32 binning_y\nRegionOfInterest roi\n" + HEADER + "=" * 80 +
        "\nMSG: sensor_msgs/RegionOfInterest\nuint32 x_offset\nuint32 y_offset\nuint32 height\nuint32 width\nbool do_rectify\n")
W, H = 64, 48


def header(i, frame="cam"):
    return {"stamp": {"sec": 100 + i // 10, "nanosec": i % 10 * 100_000_000}, "frame_id": frame}


def picture(i):
    y, x = np.mgrid[:H, :W]
    return np.stack([x + i, 2 * y, np.full_like(x, 50)], 2).astype(np.uint8)


def image(i, encoding):
    rgb = picture(i)
    pad = 5 if encoding == "bgr8" else 0
    if encoding == "mono8":
        rows = np.round(rgb @ [.299, .587, .114]).astype(np.uint8)
    elif encoding == "bgr8":
        rows = np.pad(rgb[:, :, ::-1].reshape(H, -1), ((0, 0), (0, pad)))
    elif encoding == "bayer_rggb8":
        rows = rgb[:, :, 1].copy()
        rows[::2, ::2], rows[1::2, 1::2] = rgb[::2, ::2, 0], rgb[1::2, 1::2, 2]
    elif encoding == "16UC1":
        rows = (1000 + 10 * np.mgrid[:H, :W][1]).astype(np.uint16)
    elif encoding == "32FC1":
        rows = (1 + .01 * np.mgrid[:H, :W][1]).astype(np.float32)
    else:
        rows = rgb
    data = np.ascontiguousarray(rows).tobytes()
    return {"header": header(i), "height": H, "width": W, "encoding": encoding, "is_bigendian": 0, "step": len(data) // H, "data": data}


def write(name, topics, compression=CompressionType.ZSTD, chunks=True, index=True, distortion=("plumb_bob", [.1, 0., 0., 0., 0.])):
    with open(name, "wb") as f:
        w = Writer(f, chunk_size=20_000, compression=compression) if chunks else Writer(f)
        if not chunks or not index:  # the ROS writer has no switch for these
            f.seek(0)
            w._writer = MCAPWriter(f, compression=compression, use_chunking=chunks, chunk_size=20_000,
                                   index_types=IndexType.NONE if not index else IndexType.ALL, use_summary_offsets=index,
                                   repeat_channels=index, repeat_schemas=index, use_statistics=index)
            w._writer.start(profile="ros2", library="test")
        schemas = {k: w.register_msgdef(f"sensor_msgs/msg/{k}", v) for k, v in
                   {"Image": IMAGE, "CompressedImage": COMPRESSED, "CameraInfo": INFO}.items()}
        for i in range(12):
            ns = 100_000_000_000 + i * 100_000_000
            for topic, encoding in topics.items():
                if encoding in ("jpeg", "png"):
                    b = io.BytesIO()
                    Image.fromarray(picture(i)).save(b, encoding, quality=100, subsampling=0)
                    w.write_message(topic, schemas["CompressedImage"], {"header": header(i), "format": "rgb8; " + encoding, "data": b.getvalue()}, ns, ns)
                else:
                    w.write_message(topic, schemas["Image"], image(i, encoding), ns, ns)
            if distortion:
                model, d = distortion
                k = [60., 0, 31., 0, 61., 24., 0, 0, 1]
                w.write_message("/cam/camera_info", schemas["CameraInfo"], {
                    "header": header(i), "height": H, "width": W, "distortion_model": model, "d": d, "k": k,
                    "r": [1., 0, 0, 0, 1, 0, 0, 0, 1], "p": [50., 0, 30, 0, 0, 51, 23, 0, 0, 0, 1, 0], "binning_x": 0, "binning_y": 0,
                    "roi": {"x_offset": 0, "y_offset": 0, "height": 0, "width": 0, "do_rectify": False}}, ns, ns)
        w.finish()


d = sys.argv[1]
plain = ("plumb_bob", [])
write(f"{d}/zstd.mcap", {"/cam/image_raw": "rgb8", "/depth": "16UC1"}, distortion=plain)
write(f"{d}/lz4.mcap", {"/cam/image_raw/compressed": "png", "/depth": "32FC1"}, CompressionType.LZ4, distortion=plain)
write(f"{d}/none.mcap", {"/cam/image_raw": "bgr8"}, CompressionType.NONE, distortion=plain)
write(f"{d}/flat.mcap", {"/cam/image_raw": "mono8"}, chunks=False, distortion=plain)
write(f"{d}/unindexed.mcap", {"/cam/image_raw": "bayer_rggb8"}, index=False, distortion=plain)
write(f"{d}/jpeg.mcap", {"/cam/image_raw/compressed": "jpeg"}, distortion=plain)
write(f"{d}/rect.mcap", {"/cam/image_rect": "rgb8"})
write(f"{d}/distorted.mcap", {"/cam/image_raw": "rgb8"})
write(f"{d}/fisheye.mcap", {"/cam/image_raw": "rgb8"}, distortion=("equidistant", [.1, 0., 0., 0.]))
write(f"{d}/two.mcap", {"/a": "rgb8", "/b": "rgb8"}, distortion=None)
write(f"{d}/depthonly.mcap", {"/depth": "16UC1"}, distortion=None)
