#include "bridge.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/time.h>
#include <libswscale/swscale.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

struct video {
	AVFormatContext *format;
	AVCodecContext *decoder;
	AVStream *stream;
	AVPacket *packet;
	AVFrame *frame;
	struct SwsContext *scaler;
	uint8_t *planes[4]; // of the converted picture, with room for wide stores
	int strides[4];
	int w, h;       // of planes
	int draining;   // the packets are over
	int end;        // why they are
	int64_t silence_us, deadline_us;
	atomic_int stopped;
};

// FFmpeg tells reasons in its log alone: the last one of this thread is kept.
static _Thread_local char reason[256];

static void keep_reason(void *of, int level, const char *format, va_list args) {
	if (level > AV_LOG_ERROR)
		return;
	vsnprintf(reason, sizeof reason, format, args);
	reason[strcspn(reason, "\n")] = 0;
}

static void explain(int error, char *message, size_t size) {
	char text[128] = "";
	av_strerror(error, text, sizeof text);
	if (reason[0])
		snprintf(message, size, "%s: %s", text, reason);
	else
		snprintf(message, size, "%s", text);
}

static int interrupted(void *of) {
	video *v = of;
	return atomic_load(&v->stopped) || (v->deadline_us && av_gettime_relative() > v->deadline_us);
}

static void arm(video *v) { v->deadline_us = v->silence_us ? av_gettime_relative() + v->silence_us : 0; }

video *video_new(void) {
	av_log_set_callback(keep_reason);
	return av_mallocz(sizeof(video));
}

void video_stop(video *v) { atomic_store(&v->stopped, 1); }

void video_free(video *v) {
	sws_freeContext(v->scaler);
	av_freep(&v->planes[0]);
	av_frame_free(&v->frame);
	av_packet_free(&v->packet);
	avcodec_free_context(&v->decoder);
	avformat_close_input(&v->format);
	av_free(v);
}

static const void *side_data(AVStream *s, enum AVPacketSideDataType type) {
#if LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(60, 15, 100)
	const AVPacketSideData *d = av_packet_side_data_get(s->codecpar->coded_side_data, s->codecpar->nb_coded_side_data, type);
	return d ? d->data : NULL;
#else
	return av_stream_get_side_data(s, type, NULL);
#endif
}

static void describe(video *v, video_info *info) {
	AVStream *s = v->stream;
	AVRational fps = av_guess_frame_rate(v->format, s, NULL);
	info->fps = fps.num > 0 && fps.den > 0 ? av_q2d(fps) : 0;
	if (s->duration != AV_NOPTS_VALUE && s->duration > 0)
		info->duration_s = s->duration * av_q2d(s->time_base);
	else if (v->format->duration != AV_NOPTS_VALUE && v->format->duration > 0)
		info->duration_s = v->format->duration / (double)AV_TIME_BASE;
	info->frames = s->nb_frames;
	const int32_t *m = side_data(s, AV_PKT_DATA_DISPLAYMATRIX);
	if (m) {
		info->has_matrix = 1;
		memcpy(info->matrix, m, sizeof info->matrix);
	}
	if (side_data(s, AV_PKT_DATA_SPHERICAL))
		info->projection = 1;
	else if (side_data(s, AV_PKT_DATA_STEREO3D))
		info->projection = 2;
}

static void list_streams(video *v, video_info *info) {
	snprintf(info->format, sizeof info->format, "%s", v->format->iformat->name);
	size_t n = 0;
	for (unsigned i = 0; i < v->format->nb_streams && n < sizeof info->streams; i++) {
		AVStream *s = v->format->streams[i];
		const char *kind = av_get_media_type_string(s->codecpar->codec_type);
		int cover = s->disposition & AV_DISPOSITION_ATTACHED_PIC;
		if (s->codecpar->codec_type == AVMEDIA_TYPE_VIDEO && !cover)
			info->picture_streams++;
		n += snprintf(info->streams + n, sizeof info->streams - n, "%s%s %s", n ? ", " : "",
			cover ? "cover picture" : kind ? kind : "unknown", avcodec_get_name(s->codecpar->codec_id));
	}
}

static int open_decoder(video *v, const AVCodec *codec) {
	v->decoder = avcodec_alloc_context3(codec);
	v->packet = av_packet_alloc();
	v->frame = av_frame_alloc();
	if (!v->decoder || !v->packet || !v->frame)
		return AVERROR(ENOMEM);
	int r = avcodec_parameters_to_context(v->decoder, v->stream->codecpar);
	if (r < 0)
		return r;
	v->decoder->pkt_timebase = v->stream->time_base;
	// One thread: what is painted over in a damaged file must not depend on the
	// number of cores.
	v->decoder->thread_count = 1;
	return avcodec_open2(v->decoder, codec, NULL);
}

int video_open(video *v, const char *url, double silence_s, video_info *info, char *message, size_t size) {
	memset(info, 0, sizeof *info);
	reason[0] = 0;
	v->silence_us = (int64_t)(silence_s * 1e6);
	v->format = avformat_alloc_context();
	if (!v->format)
		return AVERROR(ENOMEM);
	v->format->interrupt_callback = (AVIOInterruptCB){interrupted, v};
	arm(v);
	AVDictionary *options = NULL;
	av_dict_set(&options, "rtsp_transport", "tcp", 0); // lost UDP packets tear pictures
	int r = avformat_open_input(&v->format, url, NULL, &options);
	av_dict_free(&options);
	if (r >= 0)
		r = avformat_find_stream_info(v->format, NULL);
	if (r < 0) {
		explain(r, message, size);
		return r;
	}
	list_streams(v, info);
	const AVCodec *codec = NULL;
	r = av_find_best_stream(v->format, AVMEDIA_TYPE_VIDEO, -1, -1, (void *)&codec, 0);
	if (r == AVERROR_DECODER_NOT_FOUND)
		return VIDEO_NO_DECODER;
	if (r < 0 || !info->picture_streams)
		return VIDEO_NO_PICTURES;
	for (unsigned i = 0; i < v->format->nb_streams; i++)
		if ((int)i != r)
			v->format->streams[i]->discard = AVDISCARD_ALL;
	v->stream = v->format->streams[r];
	describe(v, info);
	if ((r = open_decoder(v, codec)) < 0)
		explain(r, message, size);
	return r;
}

static void fill(video *v, video_picture *p) {
	AVFrame *f = v->frame;
	AVRational sar = av_guess_sample_aspect_ratio(v->format, v->stream, f);
	p->w = f->width;
	p->h = f->height;
	p->sar_num = sar.num;
	p->sar_den = sar.den;
	p->has_time = f->best_effort_timestamp != AV_NOPTS_VALUE;
	p->time_s = p->has_time ? f->best_effort_timestamp * av_q2d(v->stream->time_base) : 0;
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
	p->interlaced = !!(f->flags & AV_FRAME_FLAG_INTERLACED);
#else
	p->interlaced = f->interlaced_frame;
#endif
	p->damaged = f->decode_error_flags || f->flags & AV_FRAME_FLAG_CORRUPT;
}

// feed hands the decoder the next packet, or the news that there is none.
static int feed(video *v) {
	arm(v);
	int r = av_read_frame(v->format, v->packet);
	if (r == AVERROR(EAGAIN)) {
		av_usleep(2000);
		return VIDEO_OK;
	}
	if (r < 0) {
		v->draining = 1;
		v->end = r;
		return avcodec_send_packet(v->decoder, NULL);
	}
	if (v->packet->stream_index == v->stream->index)
		r = avcodec_send_packet(v->decoder, v->packet);
	av_packet_unref(v->packet);
	return r < 0 ? VIDEO_DAMAGED : VIDEO_OK;
}

int video_next(video *v, video_picture *p, char *message, size_t size) {
	memset(p, 0, sizeof *p);
	reason[0] = 0;
	for (;;) {
		if (atomic_load(&v->stopped))
			return AVERROR_EXIT;
		int r = avcodec_receive_frame(v->decoder, v->frame);
		if (r == 0) {
			fill(v, p);
			return VIDEO_OK;
		}
		if (r == AVERROR_EOF) {
			if (v->end == AVERROR_EOF)
				return VIDEO_END;
			explain(v->end, message, size);
			return v->end;
		}
		if (r != AVERROR(EAGAIN) || (r = feed(v)) != VIDEO_OK) {
			explain(AVERROR_INVALIDDATA, message, size);
			return VIDEO_DAMAGED;
		}
	}
}

int video_bgr(video *v, uint8_t *out, int w, int h) {
	AVFrame *f = v->frame;
	int flags = f->width == w && f->height == h ? SWS_BICUBIC : SWS_AREA;
	v->scaler = sws_getCachedContext(v->scaler, f->width, f->height, f->format, w, h, AV_PIX_FMT_BGR24,
		flags | SWS_ACCURATE_RND, NULL, NULL, NULL);
	if (!v->scaler)
		return AVERROR(EINVAL);
	const int *table = sws_getCoefficients(f->colorspace == AVCOL_SPC_UNSPECIFIED ? SWS_CS_DEFAULT : f->colorspace);
	sws_setColorspaceDetails(v->scaler, table, f->color_range == AVCOL_RANGE_JPEG, table, 1, 0, 1 << 16, 1 << 16);
	if (v->w != w || v->h != h) {
		av_freep(&v->planes[0]);
		int r = av_image_alloc(v->planes, v->strides, w + 64, h + 1, AV_PIX_FMT_BGR24, 64);
		if (r < 0)
			return r;
		v->w = w;
		v->h = h;
	}
	int r = sws_scale(v->scaler, (const uint8_t *const *)f->data, f->linesize, 0, f->height, v->planes, v->strides);
	if (r < 0)
		return r;
	av_image_copy_plane(out, 3 * w, v->planes[0], v->strides[0], 3 * w, h);
	return VIDEO_OK;
}
