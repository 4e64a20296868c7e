"""The nightly story: train, build, judge, release, and judge again what lacked evidence."""
