# Icecast 2.4.4: a source and a listener.
. "$(dirname "$0")/../works.sh"
title=Icecast
does="final 200 to a source before its content, and 100 with Content-Length; \`206\` whose range is not what was asked for; HEAD: 400"
mended='a source stopped at the early 200'
debs icecast2=2.4.4-4+b1
files
port=$(free_port)
mkdir "$T/ice"
chmod 777 "$T/ice"
cat >"$T/ice.xml" <<XML
<icecast>
<limits><clients>50</clients><sources>5</sources><queue-size>9000000</queue-size><burst-size>1</burst-size></limits>
<authentication><source-password>secret</source-password><admin-user>admin</admin-user><admin-password>secret</admin-password></authentication>
<hostname>localhost</hostname>
<listen-socket><port>$port</port><bind-address>127.0.0.1</bind-address></listen-socket>
<paths><basedir>$T/ice</basedir><logdir>$T/ice</logdir><webroot>$www</webroot><adminroot>$root/usr/share/icecast2/admin</adminroot></paths>
<logging><accesslog>access</accesslog><errorlog>error</errorlog><loglevel>2</loglevel></logging>
<security><chroot>0</chroot><changeowner><user>nobody</user><group>nogroup</group></changeowner></security>
</icecast>
XML
chmod 644 "$T/ice.xml"
chmod -R a+rX "$www"
serve of icecast2 -c "$T/ice.xml"
up "$port"
url=http://127.0.0.1:$port

work() {
    step 'a file' '200 hello' "$url/hello.txt"
    step 'HEAD of a file' '400' -X HEAD "$url/hello.txt"
    step '3 MB' '200 big' "$url/big"
    step 'not there' '404' "$url/none"
    step 'a source, refused' '@(401|error: *: the connection was reset*)' -T "$sent-large" "$url/live.ogg"
    step 'a source' '200 nothing' -u source:secret -H 'Content-Type: application/octet-stream' -T "$sent-large" "$url/live-$adapter"
    step 'a source, chunked, Expect' '200 nothing' -e -u source:secret -H 'Content-Type: application/octet-stream' \
        -c "$sent-large" "$url/chunked-$adapter"
}
row
