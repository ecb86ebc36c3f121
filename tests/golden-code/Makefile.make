CC ?= gcc
all: ring.o
	$(CC) -o $@ $<
