# Training of the depth network; the Makefile includes this file.
#   make train-test                          every loss and every step, small (some 30 s on CPU)
#   make train-office START=FILE.pt          goes on from a checkpoint with offices in the mixture (SEEN: its pictures)
#   make train-more ASSETS=DIR               goes on from the file that ships: more lenses, upright pictures, close views, corridors, roads
#   make train TRAIN_PYTHON=... ASSETS=DIR   everything: cache, scenes, training, export, scores
# TRAIN_PYTHON needs PyTorch, numpy, OpenCV, PyYAML and pytest; `make train` moreover the
# packages of training/requirements.txt. ASSETS: where the packages of training/SOURCES.md
# were unpacked.

TRAIN_PYTHON ?= python3
TRAIN_RUN ?= small
ASSETS ?= training/cache/assets
ROOM_SCENES ?= 750
STREET_SCENES ?= 400
OFFICE_SCENES ?= 300
OFFICE_PICTURES ?= 22000
START ?= training/runs/$(TRAIN_RUN)/last.pt
SEEN ?= 156000

MORE_PICTURES ?= 17004
MORE_SCENES ?= still=60:8 road=60:6 corridor=50:6 office=40:6
MORE_MIX ?= nyu=1,desk=.12,cabinet=.05,room=.2,street=.25,still=.3,road=.15,corridor=.1,office=.1

.PHONY: train train-test train-scenes train-office train-more

train-test:
	$(TRAIN_PYTHON) -m pytest -q training/tests

train-scenes:
	$(TRAIN_PYTHON) -m training.scenes.assets $(ASSETS)
	for kind in room street; do \
	  n=$(ROOM_SCENES); [ $$kind = street ] && n=$(STREET_SCENES); \
	  EGL_PLATFORM=surfaceless $(TRAIN_PYTHON) -m training.scenes.generate --kind $$kind --scenes $$n --views 6 --part 50 && \
	  $(TRAIN_PYTHON) -m training.scenes.generate --kind $$kind --join || exit 1; \
	done

# Needs the sets of `make train`. Its result is the mean of where it started and where it ended.
train-office:
	EGL_PLATFORM=surfaceless $(TRAIN_PYTHON) -m training.scenes.generate --kind office --scenes $(OFFICE_SCENES) --views 6
	$(TRAIN_PYTHON) -m training.scenes.generate --kind office --join
	$(TRAIN_PYTHON) -m training.train --run $(TRAIN_RUN)-office --start $(START) --fused --settle-from 0 --settle-mix '' \
	  --mix nyu=1,desk=.15,cabinet=.05,room=.35,office=.35,street=.3 --over .1 --rate .0001 \
	  --pictures $$(($(SEEN) + $(OFFICE_PICTURES))) \
	  --fall $$($(TRAIN_PYTHON) -c 'print($(OFFICE_PICTURES) / ($(SEEN) + $(OFFICE_PICTURES)))')
	$(TRAIN_PYTHON) -m training.export training/runs/$(TRAIN_RUN)-office/last.pt training/runs/$(TRAIN_RUN)-office/plain.onnx --mean $(START)

# Goes on from the exported file itself; needs no checkpoint.
train-more: train-scenes
	for kind in $(MORE_SCENES); do \
	  name=$${kind%%=*}; counts=$${kind#*=}; \
	  EGL_PLATFORM=surfaceless $(TRAIN_PYTHON) -m training.scenes.generate --kind $$name --scenes $${counts%%:*} --views $${counts#*:} && \
	  $(TRAIN_PYTHON) -m training.scenes.generate --kind $$name --join || exit 1; \
	done
	$(TRAIN_PYTHON) -m training.prepare
	$(TRAIN_PYTHON) -m training.train --run $(TRAIN_RUN)-more --start depth/models/metricslam-small.onnx --fused --fine-from 0 \
	  --mix $(MORE_MIX) --settle-mix $(MORE_MIX) --settle-from 12000 --over .1 --tall .15 --rate .0002 --fall .5 --pictures $(MORE_PICTURES)
	$(TRAIN_PYTHON) -m training.orient training/runs/$(TRAIN_RUN)-more/last.pt training/runs/$(TRAIN_RUN)-more/turns.pt
	$(TRAIN_PYTHON) -m training.export training/runs/$(TRAIN_RUN)-more/last.pt training/runs/$(TRAIN_RUN)-more/plain.onnx
	$(TRAIN_PYTHON) -m training.calibrate training/runs/$(TRAIN_RUN)-more/plain.onnx | tee training/runs/$(TRAIN_RUN)-more/calibration.txt
	$(TRAIN_PYTHON) -m training.export training/runs/$(TRAIN_RUN)-more/last.pt training/runs/$(TRAIN_RUN)-more/metricslam-small.onnx \
	  --turns training/runs/$(TRAIN_RUN)-more/turns.pt $$(tail -n 1 training/runs/$(TRAIN_RUN)-more/calibration.txt)
	$(TRAIN_PYTHON) -m training.evaluate training/runs/$(TRAIN_RUN)-more/metricslam-small.onnx --held-out

train: train-scenes
	$(TRAIN_PYTHON) -m training.prepare
	$(TRAIN_PYTHON) -m training.train --run $(TRAIN_RUN) --fused
	$(TRAIN_PYTHON) -m training.export training/runs/$(TRAIN_RUN)/last.pt training/runs/$(TRAIN_RUN)/plain.onnx
	$(TRAIN_PYTHON) -m training.calibrate training/runs/$(TRAIN_RUN)/plain.onnx | tee training/runs/$(TRAIN_RUN)/calibration.txt
	$(TRAIN_PYTHON) -m training.export training/runs/$(TRAIN_RUN)/last.pt depth/models/metricslam-small.onnx \
	  $$(tail -n 1 training/runs/$(TRAIN_RUN)/calibration.txt)
	$(TRAIN_PYTHON) -m training.evaluate depth/models/metricslam-small.onnx
