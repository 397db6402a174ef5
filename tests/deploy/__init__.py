"""What stands in `deploy/`, checked as far as that goes without a container engine, Grafana or Prometheus."""
