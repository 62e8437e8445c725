/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The loader of labs under Bochs: an option ROM that the BIOS calls while it starts. It reads a
 * disk of our own layout into memory and enters the kernel by the PVH boot protocol (Xen's
 * docs/misc/pvh.pandoc), so that no time is spent on a boot loader or on decompression.
 *
 * The disk's first eight sectors, made by lab/bochs.sh, are read to TABLE:
 *     +0  the kernel's entry point
 *     +4  address of the hvm_start_info, which is in these sectors as well
 *    +16  for each piece of memory: first sector, number of sectors, address; a number of 0 ends it
 * All values have 32 bits. The disk is read by programmed I/O (ATA command READ SECTORS, 28-bit
 * LBA). Assemble with --32; ROM and TABLE must be what lab/bochs.sh says.
 */
	.set	ROM, 0xd0000
	.set	TABLE, 0x10000
	.set	TABLE_SECTORS, 8

	.set	ATA_DATA, 0x1f0
	.set	ATA_COUNT, 0x1f2	/* LBA 0-7, 8-15 and 16-23 follow at 0x1f3-0x1f5 */
	.set	ATA_DRIVE, 0x1f6
	.set	ATA_COMMAND, 0x1f7	/* read: status */
	.set	ATA_CONTROL, 0x3f6
	.set	ATA_READ_SECTORS, 0x20
	.set	ATA_BSY, 0x80
	.set	ATA_DRQ, 0x08

	.code16
	/* What makes it an option ROM: signature, length in 512-byte blocks, code. */
	.byte	0x55, 0xaa, 1
	cli
	inb	$0x92, %al		/* A20 on, by the system control port; bit 0 would reset */
	orb	$2, %al
	andb	$0xfe, %al
	outb	%al, $0x92
	lgdtl	%cs:gdt_register
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	ljmpl	$8, $(ROM + protected)

	.code32
protected:
	movl	$0x10, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	$TABLE, %esp
	cld
	movw	$ATA_CONTROL, %dx
	movb	$2, %al			/* no interrupts: we poll */
	outb	%al, %dx

	movl	$TABLE, %edi
	xorl	%ebx, %ebx
	movl	$TABLE_SECTORS, %ebp
	call	read
	movl	$(TABLE + 16), %esi
next:
	movl	(%esi), %ebx
	movl	4(%esi), %ebp
	movl	8(%esi), %edi
	addl	$12, %esi
	testl	%ebp, %ebp
	jz	enter
	call	read
	jmp	next
enter:
	movl	(TABLE + 4), %ebx
	jmp	*(TABLE)

/* Read ebp > 0 sectors from sector ebx on to edi, up to 256 with a command. */
read:
	movw	$ATA_DRIVE, %dx
	movl	%ebx, %eax
	shrl	$24, %eax
	orb	$0xe0, %al		/* LBA addressing, first drive */
	outb	%al, %dx
	movw	$ATA_COUNT, %dx
	xorl	%eax, %eax		/* 0 stands for 256 */
	cmpl	$256, %ebp
	jae	count
	movl	%ebp, %eax
count:
	outb	%al, %dx
	pushl	$256
	incl	%edx
	movl	%ebx, %eax
	outb	%al, %dx
	incl	%edx
	movb	%ah, %al
	outb	%al, %dx
	incl	%edx
	shrl	$16, %eax
	outb	%al, %dx
	movw	$ATA_COMMAND, %dx
	movb	$ATA_READ_SECTORS, %al
	outb	%al, %dx
sector:
	movw	$ATA_COMMAND, %dx
wait:
	inb	%dx, %al
	andb	$(ATA_BSY | ATA_DRQ), %al
	cmpb	$ATA_DRQ, %al
	jne	wait
	movw	$ATA_DATA, %dx
	movl	$(512 / 4), %ecx
	rep insl
	incl	%ebx
	decl	%ebp
	jz	done
	decl	(%esp)
	jnz	sector
	popl	%eax
	jmp	read
done:
	popl	%eax
	ret

	.balign	8
gdt:	.quad	0
	.quad	0x00cf9b000000ffff	/* 8: code, flat, 32 bits */
	.quad	0x00cf93000000ffff	/* 0x10: data, flat */
gdt_register:
	.word	gdt_register - gdt - 1
	.long	ROM + gdt
