	.globl	copy_page	# AT&T
copy_page:
	movl	$4096/8, %ecx
	rep movsq
1:	jmp	1b
	mov	rax, [rbx+0x10] ; Intel
	ldr	x0, [sp, #16]	// ARM
	.ascii	"a\"b"
	/* and
	that is all */ ret
