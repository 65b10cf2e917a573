#!/bin/sh
exec fuzz/run -r 20000
