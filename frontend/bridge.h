#ifndef METRICSLAM_BRIDGE_H
#define METRICSLAM_BRIDGE_H
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

// An image pyramid with derivatives, as calcOpticalFlowPyrLK reads it.
typedef void *ms_pyramid;

// Each call returns 0, or 1 with the text of the C++ exception in err.
int ms_pyramid_build(const uint8_t *pix, int w, int h, int win, int levels, int clahe,
                     ms_pyramid *out, char *err, int err_len);
void ms_pyramid_free(ms_pyramid p);
int ms_klt(ms_pyramid prev, ms_pyramid next, const float *from, float *to, int n, uint8_t *status,
           float *residual, int win, int levels, int iterations, char *err, int err_len);
void ms_single_thread(void);

#ifdef __cplusplus
}
#endif
#endif
