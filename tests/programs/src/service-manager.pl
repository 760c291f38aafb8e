# A service manager for tests: holds a listening socket, hands it to the program that it starts, and hears what the program tells it, as
# systemd does. Node can make neither a socket that listens and is not served, nor a datagram socket of the Unix kind.
#
#   perl service-manager.pl (unix:PATH | tcp) NOTIFY_PATH (descriptor | path | none) PROGRAM...
#
# Says "listening PORT", "started PID", "told …" and "ended STATUS"; does "restart", "signal NAME" and "end", one a line.
use strict;
use warnings;
use Fcntl;
use IO::Handle;
use IO::Select;
use POSIX qw(:sys_wait_h dup2 _exit);
use Socket;

my ($where, $notify_path, $way, @program) = @ARGV;
STDOUT->autoflush(1);

socket(my $listener, $where eq 'tcp' ? PF_INET : PF_UNIX, SOCK_STREAM, 0) or die "socket: $!";
if ($where eq 'tcp') {
    bind($listener, pack_sockaddr_in(0, inet_aton('127.0.0.1'))) or die "bind: $!";
} else {
    my $path = substr($where, 5);
    bind($listener, pack_sockaddr_un($path)) or die "bind: $!";
}
listen($listener, 4096) or die "listen: $!";
my ($port) = $where eq 'tcp' ? sockaddr_in(getsockname($listener)) : (0);
print "listening $port\n";

socket(my $heard, PF_UNIX, SOCK_DGRAM, 0) or die "socket: $!";
bind($heard, pack_sockaddr_un($notify_path)) or die "bind: $!";
socket(my $teller, PF_UNIX, SOCK_DGRAM, 0) or die "socket: $!";
connect($teller, pack_sockaddr_un($notify_path)) or die "connect: $!";

my $child;

sub start {
    $child = fork();
    die "fork: $!" unless defined $child;
    if ($child) { print "started $child\n"; return; }
    # Out of the way first: either may have a number that the other shall get.
    my ($l, $t) = (fcntl($listener, F_DUPFD, 20), fcntl($teller, F_DUPFD, 20));
    dup2($l, 3);
    dup2($t, 4);
    POSIX::close($_) for 5 .. 30;
    $ENV{LISTEN_PID} = $$;
    $ENV{LISTEN_FDS} = $way eq 'descriptor' ? 2 : 1;
    $ENV{LISTEN_FDNAMES} = $way eq 'descriptor' ? 'main:notify' : 'main';
    $ENV{NOTIFY_SOCKET} = $notify_path if $way eq 'path';
    exec(@program) or _exit(127);
}

sub hear {
    recv($heard, my $told, 4096, 0);
    print 'told ', join(' ', split(/\n/, $told)), "\n";
}

sub end {
    kill 'TERM', $child;
    # It may wait until it is heard.
    my $only = IO::Select->new($heard);
    until (waitpid($child, WNOHANG)) { hear() if $only->can_read(0.05); }
    print 'ended ', $? >> 8, "\n";
}

start();
my $select = IO::Select->new($heard, \*STDIN);
while (1) {
    for my $ready ($select->can_read()) {
        if ($ready == $heard) {
            hear();
            next;
        }
        # Unbuffered, as select knows nothing of what was read ahead.
        my $line = '';
        while (sysread(STDIN, my $byte, 1)) { last if $byte eq "\n"; $line .= $byte; }
        if ($line eq 'restart') { end(); start(); }
        elsif ($line =~ /^signal (\w+)$/) { kill $1, $child; }
        else { end(); exit 0; }
    }
}
