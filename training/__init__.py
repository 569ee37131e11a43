"""Training of the metric depth network that metricslam ships."""
