from hubbub.django.cli import main

main()
