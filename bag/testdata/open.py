"""Reads a record by the mcap, mcap-ros2-support and rosbags packages, and prints the
number of messages of each topic and what the test compares: open.py FILE."""
import json
import pathlib
import sys

from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory
from rosbags.highlevel import AnyReader

name = sys.argv[1]
count, last = {}, {}
with open(name, "rb") as f:
    reader = make_reader(f, validate_crcs=True, decoder_factories=[DecoderFactory()])
    summary = reader.get_summary()
    for schema, channel, message, ros in reader.iter_decoded_messages():
        assert len(message.data) > 4
        count[channel.topic] = count.get(channel.topic, 0) + 1
        last[channel.topic] = ros
assert sum(count.values()) == summary.statistics.message_count, (count, summary.statistics)

# rosbags reads with definitions of its own making, from the schemas.
again = {}
with AnyReader([pathlib.Path(name)]) as reader:
    for connection, stamp, raw in reader.messages():
        ros = reader.deserialize(raw, connection.msgtype)
        again[connection.topic] = again.get(connection.topic, 0) + 1
        if connection.topic == "/map/mesh":
            assert len(ros.points) == len(ros.colors) == len(last["/map/mesh"].points)
assert again == count, (again, count)

pose, mesh, points = last["/camera/pose"].pose, last["/map/mesh"], last["/map/points"]
depth, image, tf = last["/camera/depth"], last["/camera/image/compressed"], last["/tf"]
print(json.dumps({
    "count": count,
    "pose": [pose.position.x, pose.position.y, pose.position.z, pose.orientation.w],
    "path": len(last["/path"].poses),
    "triangles": len(mesh.points) / 3, "corner": [mesh.points[0].x, mesh.points[0].y, mesh.points[0].z], "red": mesh.colors[0].r,
    "points": points.width, "fields": [f.name for f in points.fields], "bytes": len(points.data),
    "depth": [depth.width, depth.height, depth.encoding, int.from_bytes(depth.data[:2], "little")],
    "jpeg": image.format + " " + bytes(image.data[:3]).hex(),
    "k": list(last["/camera/camera_info"].k),
    "frames": [[t.header.frame_id, t.child_frame_id] for t in tf.transforms],
    "stamp": [image.header.stamp.sec, image.header.stamp.nanosec],
}))
