// The part of OpenCV's optical flow that GoCV does not bind: pyramids that are
// built once a picture and shared by every call, and exceptions that come back
// as errors instead of ending the process.
#include "bridge.h"

#include <cstring>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/video/tracking.hpp>
#include <vector>

namespace {
template <class F> int guard(char *err, int err_len, F f) {
  try {
    f();
    return 0;
  } catch (const std::exception &e) {
    std::strncpy(err, e.what(), err_len - 1);
    err[err_len - 1] = 0;
    return 1;
  }
}
using Pyramid = std::vector<cv::Mat>;
} // namespace

int ms_pyramid_build(const uint8_t *pix, int w, int h, int win, int levels, int clahe,
                     ms_pyramid *out, char *err, int err_len) {
  return guard(err, err_len, [&] {
    cv::Mat gray(h, w, CV_8UC1, const_cast<uint8_t *>(pix)), eq;
    if (clahe) {
      cv::createCLAHE(3.0, cv::Size(8, 8))->apply(gray, eq);
      gray = eq;
    }
    auto p = std::make_unique<Pyramid>();
    cv::buildOpticalFlowPyramid(gray, *p, cv::Size(win, win), levels, true, cv::BORDER_REFLECT_101,
                                cv::BORDER_CONSTANT, false);
    *out = p.release();
  });
}

void ms_pyramid_free(ms_pyramid p) { delete static_cast<Pyramid *>(p); }

int ms_klt(ms_pyramid prev, ms_pyramid next, const float *from, float *to, int n, uint8_t *status,
           float *residual, int win, int levels, int iterations, char *err, int err_len) {
  return guard(err, err_len, [&] {
    cv::Mat a(n, 1, CV_32FC2, const_cast<float *>(from)), b(n, 1, CV_32FC2, to);
    cv::Mat s(n, 1, CV_8UC1, status), r(n, 1, CV_32FC1, residual);
    cv::TermCriteria stop(cv::TermCriteria::COUNT + cv::TermCriteria::EPS, iterations, .01);
    cv::calcOpticalFlowPyrLK(*static_cast<Pyramid *>(prev), *static_cast<Pyramid *>(next), a, b, s, r,
                             cv::Size(win, win), levels, stop, cv::OPTFLOW_USE_INITIAL_FLOW, 1e-4);
  });
}

void ms_single_thread(void) { cv::setNumThreads(1); }
