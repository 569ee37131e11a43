// The few calls of FFmpeg's libraries that reading a video takes, behind plain
// structs, so that Go sees nothing that differs between FFmpeg 4.4 and 7.
#ifndef METRICSLAM_FFMPEG_BRIDGE_H
#define METRICSLAM_FFMPEG_BRIDGE_H

#include <stddef.h>
#include <stdint.h>

typedef struct video video;

typedef struct {
	double fps;           // 0 where unknown
	int64_t frames;       // by the header, 0 where unknown
	double duration_s;    // by the header, 0 where unknown
	int has_matrix;       // the display matrix is there
	int32_t matrix[9];    // as ISO 14496-12 has it: x' = m0 x + m3 y, y' = m1 x + m4 y
	int projection;       // 1: spherical, 2: two views in one picture
	int picture_streams;  // videos in the file
	char streams[256];    // kinds of all streams, "video h264, audio aac"
	char format[64];
} video_info;

typedef struct {
	int w, h;             // stored pixels
	int sar_num, sar_den; // width over height of a pixel, 0 where unknown
	int has_time;
	double time_s;
	int interlaced;
	int damaged;          // the decoder painted missing parts over
} video_picture;

// Results below 0 are FFmpeg's errors, but for these.
enum { VIDEO_OK = 0, VIDEO_END = 1, VIDEO_DAMAGED = 2, VIDEO_NO_PICTURES = 3, VIDEO_NO_DECODER = 4 };

video *video_new(void);
void video_free(video *v);
// video_stop makes a call that waits return; from any thread.
void video_stop(video *v);

// video_open opens url; message gets the reason where it fails. silence_s is how
// long the source may say nothing, 0 without bound.
int video_open(video *v, const char *url, double silence_s, video_info *info, char *message, size_t size);
// video_next decodes the next picture in display order.
int video_next(video *v, video_picture *p, char *message, size_t size);
// video_bgr writes the picture as w x h pixels of blue, green, red without gaps.
int video_bgr(video *v, uint8_t *out, int w, int h);

#endif
