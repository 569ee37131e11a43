"""Writes recordings by the rosbags package for bag_test.go: write_rosbags.py FOLDER.
Pixel (x, y) of picture i has red x + i, green 2 y, blue 50."""
import io
import sys
from pathlib import Path

import numpy as np
from mcap.writer import Writer as MCAPWriter
from PIL import Image as Picture
from rosbags.rosbag1 import Writer as Writer1
from rosbags.rosbag2 import Writer as Writer2
from rosbags.typesys import Stores, get_typestore

W, H = 64, 48
folder = Path(sys.argv[1])
NUMBERED = [("/cam/image_raw", "rgb8"), ("/depth", "16UC1")]


def messages(types, numbered, images):
    """The topics, types and messages of a recording of 12 pictures, 10 a second."""
    t = types.types
    head = t["std_msgs/msg/Header"]
    for i in range(12):
        stamp = t["builtin_interfaces/msg/Time"](sec=100 + i // 10, nanosec=i % 10 * 100_000_000)
        header = head(seq=i, stamp=stamp, frame_id="cam") if numbered else head(stamp=stamp, frame_id="cam")
        y, x = np.mgrid[:H, :W]
        rgb = np.stack([x + i, 2 * y, np.full_like(x, 50)], 2).astype(np.uint8)
        for topic, encoding in images:
            if encoding == "jpeg":
                b = io.BytesIO()
                Picture.fromarray(rgb).save(b, encoding, quality=100, subsampling=0)
                kind, m = "CompressedImage", {"format": "rgb8; jpeg compressed bgr8", "data": np.frombuffer(b.getvalue(), np.uint8)}
            else:
                rows = rgb if encoding == "rgb8" else (1000 + 10 * x).astype(np.uint16)
                data = np.frombuffer(np.ascontiguousarray(rows).tobytes(), np.uint8)
                kind, m = "Image", {"height": H, "width": W, "encoding": encoding, "is_bigendian": 0, "step": len(data) // H, "data": data}
            yield topic, f"sensor_msgs/msg/{kind}", t[f"sensor_msgs/msg/{kind}"](header=header, **m)
        roi = t["sensor_msgs/msg/RegionOfInterest"](x_offset=0, y_offset=0, height=0, width=0, do_rectify=False)
        d, k, r, p = (np.array(v, float) for v in ([], [60, 0, 31, 0, 61, 24, 0, 0, 1], [1, 0, 0, 0, 1, 0, 0, 0, 1], [50, 0, 30, 0, 0, 51, 23, 0, 0, 0, 1, 0]))
        values = {"D": d, "K": k, "R": r, "P": p}
        if not numbered:
            values = {name.lower(): v for name, v in values.items()}
        yield "/cam/camera_info", "sensor_msgs/msg/CameraInfo", t["sensor_msgs/msg/CameraInfo"](
            header=header, height=H, width=W, distortion_model="plumb_bob", binning_x=0, binning_y=0, roi=roi, **values)


def ns(message):
    return message.header.stamp.sec * 10**9 + message.header.stamp.nanosec


def write(writer, types, encode, all):
    topics = {}
    with writer as w:
        for topic, kind, m in all:
            if topic not in topics:
                topics[topic] = w.add_connection(topic, kind, typestore=types)
            w.write(topics[topic], ns(m), encode(m, kind))


ros1, ros2 = get_typestore(Stores.ROS1_NOETIC), get_typestore(Stores.ROS2_HUMBLE)
for name, compression in {"plain": None, "bz2": Writer1.CompressionFormat.BZ2, "lz4": Writer1.CompressionFormat.LZ4, "jpeg": None}.items():
    writer = Writer1(folder / f"{name}.bag")
    writer.chunk_threshold = 40_000  # several chunks
    if compression:
        writer.set_compression(compression)
    write(writer, ros1, ros1.serialize_ros1, messages(ros1, True, [("/cam/image_raw/compressed", "jpeg")] if name == "jpeg" else NUMBERED))
write(Writer2(folder / "sqlite", version=8), ros2, ros2.serialize_cdr, messages(ros2, False, NUMBERED))

with open(folder / "ros1.mcap", "wb") as f:  # as `mcap convert` makes of a bag
    w = MCAPWriter(f)
    w.start(profile="ros1", library="test")
    channels = {}
    for topic, kind, m in messages(ros1, True, NUMBERED):
        if topic not in channels:
            schema = w.register_schema(kind.replace("/msg/", "/"), "ros1msg", ros1.generate_msgdef(kind)[0].encode())
            channels[topic] = w.register_channel(topic, "ros1", schema)
        w.add_message(channels[topic], ns(m), ros1.serialize_ros1(m, kind), ns(m))
    w.finish()
